"""Bugs on the way out, and in the clock that wakes everybody."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.chaos.patching import around, replace

from . import bug


@bug
def unknown_is_refused() -> None:
    """A call without an answer is taken for one that was never carried out, and made again."""
    _misread(lambda error: True)


@bug
def retried_on_5xx() -> None:
    """An answer of 500 or 503 is taken for a refusal, and the call made again."""
    _misread(lambda error: "HTTP 5" in error.detail)


def _misread(is_meant: Callable[[Any], bool]) -> None:
    from messaging.transports import ErrorKind, TransportError

    def send(original: Any, transport: Any, outgoing: Any) -> Any:
        try:
            return original(transport, outgoing)
        except TransportError as error:
            if error.kind == ErrorKind.UNKNOWN and is_meant(error):
                raise TransportError(ErrorKind.UNREACHABLE, code=error.code, detail=error.detail) from error
            raise

    around("messaging.channels.twilio.transport.TwilioTransport.send", send)


@bug
def no_deadline_check() -> None:
    """A sender that slept after its claim calls all the same."""
    replace("messaging.services.dispatch.monotonic", lambda: 0.0)


@bug
def no_sweep() -> None:
    """Nobody looks for due rows: only a wake-up call that arrives moves anything."""
    replace("project.tasks.registered_sweeps", tuple)


@bug
def attempt_committed_after_call() -> None:
    """Claim, call and settlement in one transaction: a death after the call forgets that there was one."""
    from tests.crashes import planted

    planted.attempt_committed_after_call()
