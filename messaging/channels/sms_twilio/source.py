"""The door for SMS on Twilio."""

from typing import Final

from messaging.channels.twilio.source import source_of

KIND: Final = "sms_twilio"
SOURCE: Final = source_of(KIND)
