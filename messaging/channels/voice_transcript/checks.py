"""What a source of transcripts can do, and the settings that it needs."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from messaging.channel_settings import BaseUrl, ChannelSettings, Token
from messaging.transports import About, Capabilities

ABOUT: Final = About(label="Voice transcripts")

SECRET_FIELDS: Final = frozenset({"signing_key"})
ANSWER_WITHIN_MINUTES: Final = 10.0

CAPABILITIES: Final = Capabilities(
    window_hours=None,
    max_text=0,
    status_callbacks=False,
    lists_sent=False,
    bulk_rate_per_second=0.0,
    receives_only=True,
)


def _signing_key(value: str) -> str:
    if len(value) < 16:
        raise ValueError("must have at least 16 characters")
    return value


def _minutes(value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        number = -1
    if not 0 <= number <= 1440:
        raise ValueError("must be a number of minutes from 0 (never) to 1440")
    return f"{number:g}"


def _line(value: str) -> str:
    if not value.strip() or len(value) > 160 or not value.isprintable():
        raise ValueError("must be one line of text")
    return value.strip()


class Settings(ChannelSettings):
    sender: Annotated[str, AfterValidator(_line)] = Field(
        title="Line", description="What the calls come from: a number, or the name of the telephone system."
    )
    signing_key: Annotated[Token, AfterValidator(_signing_key)] = Field(
        title="Signing key", description="A long random word of your own, which the telephone system signs with."
    )
    answer_within_minutes: Annotated[str, AfterValidator(_minutes)] | None = Field(
        None,
        title="Answer within minutes",
        description="So long after a call the AI may still follow it up, on another channel. Empty: 10; 0: never.",
    )
    public_base_url: BaseUrl | None = Field(
        None, title="Public address", description="When the telephone system reaches this installation elsewhere."
    )
