"""What a number on Twilio can do by SMS, and the settings that it needs."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from messaging.channel_settings import Rate
from messaging.channels.twilio.settings import SECRET_FIELDS, TwilioSettings, is_number
from messaging.media_rules import MB, MediaRule
from messaging.transports import About, Capabilities

__all__ = ["ABOUT", "CAPABILITIES", "SECRET_FIELDS", "Settings"]

ABOUT: Final = About(label="SMS", provider="Twilio")

CAPABILITIES: Final = Capabilities(
    window_hours=None,
    max_text=1600,  # Twilio's cap: ten segments of GSM-7, twenty-four where one letter needs UCS-2
    media_kinds=("image", "audio", "video", "document"),  # as MMS, where the number and the country have it
    max_media=10,
    media_rules=(
        MediaRule("image", ("image/jpeg", "image/png", "image/gif"), 5 * MB, 1600),
        MediaRule("document", ("application/pdf", "text/vcard", "video/mp4", "audio/mpeg"), 600 * 1024, 1600),
    ),
    status_callbacks=True,
    lists_sent=True,
    lists_received=True,
    bulk_rate_per_second=1.0,  # a long code of the US; toll-free numbers and others are given their own
    account_field="account_sid",
    account_rate_per_second=2000.0,
)


def _sender(value: str) -> str:
    if not is_number(value):
        raise ValueError("must be + and the number with its country code, like +14155550100")
    return value


class Settings(TwilioSettings):
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        title="Number", description="+ and the number with its country code, such as +14155550100."
    )
    rate_per_second: Rate | None = Field(
        None,
        title="Messages a second",
        description="Of this number. Empty: 1, as a long code of the US allows; other numbers are faster.",
    )
