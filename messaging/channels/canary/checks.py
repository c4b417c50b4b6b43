"""What the canary's channel can do, and its settings, which the installation writes itself."""

from __future__ import annotations

from typing import Final

from messaging.channel_settings import ChannelSettings
from messaging.transports import About, Capabilities

ABOUT: Final = About(label="Canary")

SECRET_FIELDS: Final = frozenset({"signing_key"})
MAX_TEXT: Final = 1000

CAPABILITIES: Final = Capabilities(
    window_hours=None,
    max_text=MAX_TEXT,
    status_callbacks=True,
    # The list is ours and always empty: a call cut short left nothing behind, and doing it again harms nobody.
    lists_sent=True,
    bulk_rate_per_second=200.0,
    is_internal=True,
)


class Settings(ChannelSettings):
    sender: str
    public_base_url: str
    signing_key: str
