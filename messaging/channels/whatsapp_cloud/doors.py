"""Where Meta reaches a channel: what its operator enters as the callback URL of the app's webhook."""

from typing import Final

DOORS: Final = {"callback_url": "/hooks/whatsapp_cloud/{token}/"}
