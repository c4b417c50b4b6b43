"""News from below: a customer wrote, so a turn may be due; words did not arrive or a sender is in trouble, so people
are told."""

from typing import Any

from messaging import signals
from project.kernel.events import wake


def connect() -> None:
    signals.message_received.connect(_wake_turns, dispatch_uid="agents.turns")
    signals.message_failed.connect(_wake_alerting, dispatch_uid="agents.alerts")
    signals.channel_troubled.connect(_wake_telling, dispatch_uid="agents.troubles")


def _wake_turns(**ids: Any) -> None:
    from agents.tasks import take_turns

    wake(take_turns)


def _wake_alerting(**ids: Any) -> None:
    from agents.tasks import alert_of_lost_words

    wake(alert_of_lost_words)


def _wake_telling(**ids: Any) -> None:
    from agents.tasks import tell_troubles

    wake(tell_troubles)
