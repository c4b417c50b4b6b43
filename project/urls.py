import logging

from django.contrib import admin
from django.urls import include, path

from project.health import healthz, readyz

logger = logging.getLogger(__name__)

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("chat/", include("messaging.channels.webchat.urls")),
]
for place, module in (("api/v1/", "inbox.api.urls"), ("demo/", "project.demo.urls"), ("", "inbox.urls")):
    try:
        urlpatterns.append(path(place, include(module)))
    except ImportError as error:  # only while the house is being built
        logger.warning("urls.missing", extra={"urls": module, "error": str(error)})
