"""Where Telegram reaches a bot; Baton tells it so itself."""

from typing import Final

DOORS: Final = {"inbound_url": "/hooks/telegram/{token}/inbound/"}
