"""Work that cannot be done: a row whose customer wrote “poison event raise” fails each time it is taken, and one of
“poison turn exit” ends its process, as the machine's memory killer would.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, Final

from tests.chaos.patching import around

KILLED: Final = 137
KINDS: Final = ("event", "turn", "step", "message")

SEEN: Final[dict[str, tuple[str, Callable[..., str]]]] = {
    "event": (
        "messaging.channels.whatsapp_twilio.apply.apply_event",
        lambda event, **rest: bytes(event.body).decode().replace("+", " "),
    ),
    "turn": ("agents.primary.turns._answer", lambda turn, *rest: str(turn.newest.body)),
    "step": ("handover.services.ladder._ready", lambda step_id, *rest: _request_of(step_id)),
    "message": (
        "messaging.channels.twilio.transport.TwilioTransport.send",
        lambda transport, outgoing: str(outgoing.body),
    ),
}
"""Where each kind of work is done, and the words that it is done for."""


class Poisoned(Exception):
    """As unforeseen as any other."""


def words(kind: str, how: str) -> str:
    return f"poison {kind} {how}"


def install() -> None:
    for kind, (path, words_of) in SEEN.items():
        around(path, _swallowing(kind, words_of))


def _swallowing(kind: str, words_of: Callable[..., str]) -> Callable[..., Any]:
    def work(original: Any, *args: Any, **kwargs: Any) -> Any:
        done_for = words_of(*args, **kwargs)
        if words(kind, "exit") in done_for:
            os._exit(KILLED)
        if words(kind, "raise") in done_for:
            raise Poisoned(done_for)
        return original(*args, **kwargs)

    return work


def _request_of(step_id: int) -> str:
    """One rung of a ladder is poison enough."""
    from handover.models import LadderStep

    return str(LadderStep.objects.filter(pk=step_id, rung="update").values_list("handover__request", flat=True).first())
