"""What a Telegram bot can do, and the settings that it needs."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from messaging.channel_settings import BaseUrl, ChannelSettings, Rate
from messaging.media_rules import ANY, MB, MediaRule
from messaging.transports import About, Capabilities

SECRET_FIELDS: Final = frozenset({"bot_token"})

ABOUT: Final = About(label="Telegram")

CAPABILITIES: Final = Capabilities(
    window_hours=None,  # whoever started the bot may be written to until they block it
    max_text=4096,
    media_kinds=("image", "audio", "video", "document"),
    max_media=1,
    media_rules=(
        MediaRule("image", ("image/jpeg", "image/png", "image/webp"), 10 * MB, 1024),
        MediaRule("audio", ("audio/mpeg", "audio/mp4"), 50 * MB, 1024),
        MediaRule("video", ("video/mp4",), 50 * MB, 1024),
        MediaRule("document", (ANY,), 50 * MB, 1024),
    ),
    typing=True,
    status_callbacks=False,
    lists_sent=False,  # a message whose answer was lost is decided on by a person
    bulk_rate_per_second=30.0,
    pair_seconds=1.0,
    pair_burst=3,
    registers_doors=True,
)

_TOKEN: Final = re.compile(r"[0-9]{3,20}:[A-Za-z0-9_-]{20,100}", re.ASCII)
_USERNAME: Final = re.compile(r"@?([A-Za-z][A-Za-z0-9_]{3,31})", re.ASCII)


def _bot_token(value: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise ValueError("must be the token as @BotFather gave it, like 123456:ABC-DEF1234ghIkl-zyx57W2v1u123ew11")
    return value


def _username(value: str) -> str:
    match = _USERNAME.fullmatch(value)
    if match is None:
        raise ValueError("must be the bot's username, like @AcmeBot")
    return f"@{match[1]}"


class Settings(ChannelSettings):
    sender: Annotated[str, AfterValidator(_username)] = Field(
        title="Bot's username", description="As customers find it, such as @AcmeBot."
    )
    bot_token: Annotated[str, AfterValidator(_bot_token)] = Field(
        title="Bot token", description="From @BotFather. Sealed when stored, never shown again."
    )
    public_base_url: BaseUrl | None = Field(
        None, title="Public address", description="When Telegram reaches this installation at another address. https."
    )
    api_base: BaseUrl | None = Field(
        None, title="Telegram's address", description="Empty: https://api.telegram.org. For a Bot API server of yours."
    )
    rate_per_second: Rate | None = Field(
        None, title="Messages a second", description="Of this bot. Empty: 30, as Telegram advises."
    )
    pair_seconds: Rate | None = Field(
        None, title="Seconds between messages to one customer", description="Beyond a burst of 3. Empty: 1."
    )
