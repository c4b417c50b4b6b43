from importlib.util import find_spec

from django.contrib import admin
from django.urls import include, path

from project.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("inbox.api.urls")),
    path("chat/", include("messaging.channels.webchat.urls")),
]
for place, module in (("demo/", "project.demo.urls"), ("", "inbox.urls")):
    if find_spec(module.rpartition(".")[0]) and find_spec(module):
        urlpatterns.append(path(place, include(module)))
