"""What the web chat can do, and its few settings."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import Field, StringConstraints

from messaging.channel_settings import ChannelSettings
from messaging.media_rules import ANY, MB, MediaRule
from messaging.transports import About, Capabilities

ABOUT: Final = About(label="Web chat")

SECRET_FIELDS: Final[frozenset[str]] = frozenset()
MAX_TEXT: Final = 4000

CAPABILITIES: Final = Capabilities(
    window_hours=None,
    max_text=MAX_TEXT,
    max_media=5,
    media_rules=(MediaRule("document", (ANY,), 100 * MB, MAX_TEXT),),  # the page shows a link, or the picture
    read_receipts=True,
    typing=True,
    status_callbacks=True,
    # The list is ours and always empty: a call cut short left nothing behind, and doing it again shows one message.
    lists_sent=True,
    has_live_page=True,
    bulk_rate_per_second=200.0,
)

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=80)]
Greeting = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class Settings(ChannelSettings):
    title: Line | None = Field(None, title="Title", description="Stands above the chat. Empty: the workspace's name.")
    greeting: Greeting | None = Field(
        None, title="Greeting", description="What a visitor reads first.", json_schema_extra={"rows": 2}
    )
