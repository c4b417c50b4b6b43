"""Nobody refuses the canary's words: there are no error codes."""

from __future__ import annotations

from messaging.transports import ErrorKind, Reaction


def reaction_for(code: str, *, to: str = "") -> Reaction:
    return Reaction(kind=ErrorKind.REJECTED, meaning=f"code {code!r} is not known to the canary")
