"""One port. The webhook doors stand in front of Django; sockets go to Channels; everything else is Django."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")

from django.core.asgi import get_asgi_application

django = get_asgi_application()  # first: what follows imports models

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402
from channels.security.websocket import AllowedHostsOriginValidator  # noqa: E402

from inbox.routing import websocket_urlpatterns as staff  # noqa: E402
from messaging import doors  # noqa: E402
from messaging.channels.webchat.routing import websocket_urlpatterns as visitors  # noqa: E402

sockets = AllowedHostsOriginValidator(AuthMiddlewareStack(URLRouter([*staff, *visitors])))

application = doors.wrap(ProtocolTypeRouter({"http": django, "websocket": sockets}))
