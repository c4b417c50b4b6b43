"""The web chat as a source of events. It has no webhook door: our own views and sockets take its messages in."""

from typing import Final

from messaging.doors.sources import Source

from .webhook import KIND

SOURCE: Final = Source(name=KIND, apply="messaging.channels.webchat.apply.apply_event")
