from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from messaging.link_door import follow
from messaging.media_door import public_file
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
    path("l/<slug:token>", follow, name="short_link"),
    path("m/<str:token>/<path:name>", public_file, name="public_file"),
    path("chat/", include("messaging.channels.webchat.urls")),
    path("p/", include("inbox.public.urls")),
    path("", include("inbox.urls")),
]
if settings.DEMO:
    urlpatterns.insert(0, path("demo/", include("project.demo.urls")))
