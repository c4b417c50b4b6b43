from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from project.health import healthz, readyz
from project.metrics import metrics

# The one login has rate limits and a second factor; the admin's own has neither.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler400 = "project.failures.bad_request"
handler500 = "project.failures.server_error"

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("metrics", metrics),
    path("accounts/", include("allauth.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("inbox.api.urls")),
    path("chat/", include("messaging.channels.webchat.urls")),
    path("", include("inbox.urls")),
]
if settings.DEMO:
    urlpatterns.insert(0, path("demo/", include("project.demo.urls")))
