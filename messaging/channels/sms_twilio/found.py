"""What Twilio's list shows is the same on every channel of it."""

from messaging.channels.twilio.found import as_event

__all__ = ["as_event"]
