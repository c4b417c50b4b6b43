"""What a WhatsApp sender on Twilio can do, and the settings that it needs."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import AfterValidator, Field

from messaging.channel_settings import Rate, ReachLimit
from messaging.channels.twilio.settings import SECRET_FIELDS, TwilioSettings, is_number
from messaging.media_rules import MB, OFFICE, MediaRule
from messaging.transports import About, Capabilities

__all__ = ["ABOUT", "CAPABILITIES", "SECRET_FIELDS", "Settings"]

ABOUT: Final = About(label="WhatsApp", provider="Twilio")

CAPABILITIES: Final = Capabilities(
    window_hours=24,
    templates=True,
    template_account_field="account_sid",
    has_standing=True,
    spares_us_numbers=True,
    max_text=1600,  # Twilio's own cap, below WhatsApp's 4096
    media_kinds=("image", "audio", "video", "document"),
    max_media=1,  # Twilio takes ten, WhatsApp shows the first
    media_rules=(
        MediaRule("image", ("image/jpeg", "image/png", "image/webp"), 5 * MB, 1024),
        MediaRule("video", ("video/mp4", "video/3gpp"), 16 * MB, 1024),
        MediaRule("audio", ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"), 16 * MB, 0),
        # Beside a document Twilio takes the words for its name, so that they go on their own.
        MediaRule("document", ("application/pdf", *OFFICE, "text/plain", "text/csv", "text/vcard"), 16 * MB, 0),
    ),
    read_receipts=True,
    typing=True,
    status_callbacks=True,
    lists_sent=True,
    lists_received=True,
    # Meta's limits, and Twilio's for the account. What is too much for Meta within one second waits at Twilio.
    bulk_rate_per_second=80.0,
    pair_seconds=6.0,
    pair_burst=45,
    account_field="account_sid",
    account_rate_per_second=2000.0,
)


def _sender(value: str) -> str:
    number = value.removeprefix("whatsapp:")
    if number == value or not is_number(number):
        raise ValueError("must be whatsapp:+ and the number with its country code, like whatsapp:+14155238886")
    return value


class Settings(TwilioSettings):
    sender: Annotated[str, AfterValidator(_sender)] = Field(
        title="Sender", description="whatsapp:+ and the number, such as whatsapp:+14155238886."
    )
    rate_per_second: Rate | None = Field(
        None, title="Messages a second", description="Of this sender. Empty: 80, as WhatsApp allows."
    )
    pair_seconds: Rate | None = Field(
        None,
        title="Seconds between messages to one customer",
        description="Beyond a burst of 45. Empty: 6, as WhatsApp asks.",
    )
    messaging_limit: ReachLimit | None = Field(
        None,
        title="People a day outside the window",
        description="Empty: as the provider says. 250, 2000, 10000, 100000 or unlimited.",
    )
