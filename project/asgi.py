"""One port. The webhook doors stand in front of Django; sockets go to Channels; everything else is Django."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings.local")

from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.core.asgi import get_asgi_application  # noqa: E402

django = get_asgi_application()

application = ProtocolTypeRouter({"http": django})
