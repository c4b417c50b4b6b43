from typing import Final

from pydantic import Field

from messaging.channel_settings import ChannelSettings, Token
from messaging.transports import About, Capabilities

SECRET_FIELDS: Final = frozenset({"whistle"})
ABOUT: Final = About(label="Pigeon post", provider="Acme's loft")
CAPABILITIES: Final = Capabilities(
    window_hours=None,
    max_text=140,
    status_callbacks=False,
    lists_sent=True,
    bulk_rate_per_second=0,
)


class Settings(ChannelSettings):
    sender: str = Field(title="Loft", description="Where the pigeons live.")
    whistle: Token = Field(title="Whistle", description="What calls them home.")
