"""WhatsApp's door for Twilio."""

from typing import Final

from messaging.channels.twilio.source import source_of

KIND: Final = "whatsapp_twilio"
SOURCE: Final = source_of(KIND)
