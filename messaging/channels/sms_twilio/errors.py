"""The codes of SMS stand in Twilio's one table."""

from messaging.channels.twilio.errors import reaction_for

__all__ = ["reaction_for"]
