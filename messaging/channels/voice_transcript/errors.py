"""Nothing is sent: there are no error codes."""

from __future__ import annotations

from messaging.transports import ErrorKind, Reaction


def reaction_for(code: str, *, to: str = "") -> Reaction:
    return Reaction(ErrorKind.REJECTED, "Nothing can be sent on this channel")
