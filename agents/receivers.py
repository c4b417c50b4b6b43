"""News from below: a customer wrote, so a turn may be due."""

from typing import Any

from messaging import signals
from project.kernel.events import wake


def connect() -> None:
    signals.message_received.connect(_wake_turns, dispatch_uid="agents.turns")


def _wake_turns(**ids: Any) -> None:
    from agents.tasks import take_turns

    wake(take_turns)
