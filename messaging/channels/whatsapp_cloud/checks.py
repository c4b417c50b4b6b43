"""What a WhatsApp number on Meta's Cloud API can do, and the settings that it needs."""

from __future__ import annotations

import re
from typing import Annotated, Final

from pydantic import AfterValidator, Field

from messaging.channel_settings import BaseUrl, ChannelSettings, Rate, ReachLimit, Token
from messaging.media_rules import ANY, MB, MediaRule
from messaging.transports import About, Capabilities

ABOUT: Final = About(label="WhatsApp", provider="Meta")

SECRET_FIELDS: Final = frozenset({"access_token", "app_secret", "verify_token"})
MAX_TEXT: Final = 4096
CAPTION: Final = 1024

CAPABILITIES: Final = Capabilities(
    window_hours=24,
    templates=True,
    template_account_field="waba_id",
    has_standing=True,
    spares_us_numbers=True,
    max_text=MAX_TEXT,
    media_kinds=("image", "audio", "video", "document", "sticker"),
    max_media=1,
    media_rules=(
        MediaRule("image", ("image/jpeg", "image/png"), 5 * MB, CAPTION),
        MediaRule("audio", ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * MB, 0),
        MediaRule("video", ("video/mp4", "video/3gpp"), 16 * MB, CAPTION),
        MediaRule("document", (ANY,), 100 * MB, CAPTION),
    ),
    read_receipts=True,
    typing=True,
    status_callbacks=False,  # statuses come to the one callback URL, with our id in them
    lists_sent=False,  # there is no list: only a status tells what became of a message
    bulk_rate_per_second=80.0,
    pair_seconds=6.0,
    pair_burst=45,
)


def _digits(value: str) -> str:
    if not re.fullmatch(r"[0-9]{5,25}", value):
        raise ValueError("must be the digits that Meta shows, such as 106540352242922")
    return value


def _sender(value: str) -> str:
    if not re.fullmatch(r"\+[0-9]{7,15}", value):
        raise ValueError("must be + and the number with its country code, like +14155238886")
    return value


def _app_secret(value: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{32}", value):
        raise ValueError("must be the 32 hexadecimal digits under “App settings”, “Basic”")
    return value


def _verify_token(value: str) -> str:
    if len(value) < 8:
        raise ValueError("must have at least 8 characters")
    return value


def _graph_version(value: str) -> str:
    if not re.fullmatch(r"v[0-9]{2}\.0", value):
        raise ValueError("must be a version of the Graph API, like v25.0")
    return value


class Settings(ChannelSettings):
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        title="Number", description="+ and the number that customers see, such as +14155238886."
    )
    phone_number_id: Annotated[str, AfterValidator(_digits)] = Field(
        title="Phone number ID", description="From “WhatsApp”, “API setup” of your Meta app."
    )
    waba_id: Annotated[str, AfterValidator(_digits)] = Field(
        title="WhatsApp business account ID", description="Stands beside the phone number ID."
    )
    access_token: Token = Field(
        title="Access token", description="Of a system user, so that it does not expire. Sealed, never shown again."
    )
    app_secret: Annotated[str, AfterValidator(_app_secret)] = Field(
        title="App secret", description="From “App settings”, “Basic”: what Meta signs its webhooks with."
    )
    verify_token: Annotated[Token, AfterValidator(_verify_token)] = Field(
        title="Verify token", description="A word of your own; enter the same beside the callback URL at Meta."
    )
    graph_version: Annotated[str, AfterValidator(_graph_version)] | None = Field(
        None, title="Graph API version", description="Empty: v25.0."
    )
    api_base: BaseUrl | None = Field(
        None, title="Meta's address", description="Empty: https://graph.facebook.com. For a double."
    )
    public_base_url: BaseUrl | None = Field(
        None, title="Public address", description="When Meta reaches this installation at another address."
    )
    rate_per_second: Rate | None = Field(
        None, title="Messages a second", description="Of this number. Empty: 80, as Meta allows."
    )
    pair_seconds: Rate | None = Field(
        None,
        title="Seconds between messages to one customer",
        description="Beyond a burst of 45. Empty: 6, as Meta asks.",
    )
    messaging_limit: ReachLimit | None = Field(
        None,
        title="People a day outside the window",
        description="Empty: as the provider says. 250, 2000, 10000, 100000 or unlimited.",
    )
