"""WhatsApp's codes stand in Twilio's one table."""

from messaging.channels.twilio.errors import reaction_for

__all__ = ["reaction_for"]
