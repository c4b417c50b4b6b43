"""The web chat as a source of events. It has no webhook door: our own views and sockets take its messages in."""

from typing import Final

from messaging.doors.sources import Source

SOURCE: Final = Source(name="webchat", apply="messaging.channels.webchat.webhook.apply_event")
