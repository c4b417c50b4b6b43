"""Media come from Twilio the same way on every channel of it."""

from messaging.channels.twilio.media import fetch

__all__ = ["fetch"]
