"""Bugs that the walk must find: each takes one guard away, in the process that dies and in those that recover."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction


def attempt_committed_after_call() -> None:
    """Claim, call and settlement in one transaction: a death after the call forgets that there was one."""
    from messaging.services import dispatch

    send = dispatch.send_one_due_message

    def send_in_one_transaction(now: datetime) -> bool:
        with transaction.atomic():
            return send(now)

    dispatch.send_one_due_message = send_in_one_transaction


def doubt_taken_for_refusal() -> None:
    """A call whose process died is repeated, as if the provider had refused it."""
    from messaging.services import reconcile, settlement
    from messaging.transports import ErrorKind, TransportError

    def repeat(*, attempt_id: int, now: datetime) -> None:
        settlement.settle_error(attempt_id=attempt_id, error=TransportError(ErrorKind.UNREACHABLE), now=now)

    reconcile.doubt_overdue = repeat


def applied_before_its_transaction() -> None:
    """An event is marked as applied, and applied in the next transaction."""
    from messaging import tasks
    from messaging.services import inbox

    def mark_then_apply(now: datetime) -> bool:
        with transaction.atomic():
            event = inbox.claim_next_in_order(now)
            if event is not None:
                inbox._mark(event, state="applied", applied_at=now)
        if event is not None:
            with transaction.atomic():
                inbox._apply(event, now)
        return event is not None

    tasks.apply_one_due_event = mark_then_apply


def answered_before_stored() -> None:
    """A door says “received” while the event is still in memory."""
    from messaging.doors.store import EventStore

    store = EventStore.add
    storing: set[asyncio.Task[bool]] = set()

    async def promise(self: EventStore, event: Any) -> bool:
        storing.add(asyncio.create_task(store(self, event)))
        return True

    EventStore.add = promise  # type: ignore[method-assign]


def fired_before_said() -> None:
    """A rung counts as fired from its claim on; its words are queued in a later transaction."""
    from handover.models import LadderStep
    from handover.services import ladder

    climb = ladder.climb

    def count_then_climb(step: Any, now: datetime) -> None:
        row = LadderStep.objects.filter(pk=step.id)
        row.update(state="fired", verdict="about to be said", done_at=now)
        row.update(state="pending", verdict="", done_at=None)
        climb(step, now)

    ladder.climb = count_then_climb


def turn_leased_for_days() -> None:
    """Nobody takes over the turn of a worker that died."""
    from agents.primary import turns

    turns.TURN_LEASE = timedelta(days=10)


def dead_calls_left_alone() -> None:
    """Nobody looks for calls whose process died."""
    from messaging.services import reconcile

    reconcile.doubt_one_overdue_attempt = lambda now: False


BUGS: dict[str, Callable[[], None]] = {
    bug.__name__: bug
    for bug in (
        attempt_committed_after_call,
        doubt_taken_for_refusal,
        applied_before_its_transaction,
        answered_before_stored,
        fired_before_said,
        turn_leased_for_days,
        dead_calls_left_alone,
    )
}


def plant(name: str) -> None:
    if name:
        BUGS[name]()
