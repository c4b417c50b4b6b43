"""The inbox: events are stored raw, answered, and applied afterwards, one at a time for each `order_key`.

Applying is pure database work in the transaction that marks the event; what fails is tried again later, what
cannot be understood is parked, visible and replayable. Nothing received is ever deleted here.
Each attempt is counted before its work, so that an event which ends its process is parked like one that fails.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils.module_loading import import_string
from pydantic import ValidationError

from messaging.doors.sources import source_named
from messaging.incoming import INSERT_NEW_EVENTS, NewEvent, UnreadablePayload, columns, new_event, storable
from messaging.models import WebhookEvent
from messaging.models.webhooks import EventState
from project.kernel.due import MAX_ATTEMPTS, WorkerDied, is_any_due, retry_delay
from project.kernel.events import kick
from project.kernel.scope import workspace_scope

logger = logging.getLogger(__name__)

Claim = Callable[[datetime], WebhookEvent | None]
Lock = Callable[[WebhookEvent], None]


# -- taking in ---------------------------------------------------------------------------------------------------


def store_event(
    *,
    workspace_id: int,
    source: str,
    source_id: int,
    kind: str,
    key: str,
    order_key: str,
    body: bytes,
    now: datetime,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> bool:
    """Take in one event and wake the applier; False when its key was there already."""
    event = new_event(
        workspace_id=workspace_id,
        source=source,
        source_id=source_id,
        kind=kind,
        key=key,
        order_key=order_key,
        body=body,
        now=now,
        query=query,
        headers=headers,
    )
    return store_events([event]) == 1


def store_events(events: Sequence[NewEvent]) -> int:
    """Take in several at once; how many of them were new."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT_NEW_EVENTS, columns(events))
        count = len(cursor.fetchall())
    if count:
        _kick_applier()
    return count


def replay_event(event: WebhookEvent, *, now: datetime) -> bool:
    """Give a parked event another round of attempts; False when it is not parked."""
    replayed = WebhookEvent.objects.filter(pk=event.pk, state=EventState.PARKED).update(
        state=EventState.RECEIVED, due_at=now, attempts_made=0, error=""
    )
    if replayed:
        _kick_applier()
    return bool(replayed)


def _kick_applier() -> None:
    from messaging.tasks import apply_events  # they import this module

    kick(apply_events)


# -- looking -----------------------------------------------------------------------------------------------------


def has_due_events(now: datetime) -> bool:
    return is_any_due(WebhookEvent.objects.filter(state=EventState.RECEIVED, due_at__lte=now))


def stuck_events(now: datetime, seconds: float) -> int:
    """How many events wait since more than `seconds`: the alarm “received but not applied”."""
    return WebhookEvent.objects.filter(
        state=EventState.RECEIVED, received_at__lt=now - timedelta(seconds=seconds)
    ).count()


# -- applying ----------------------------------------------------------------------------------------------------

# A row that is locked or not yet committed as applied still counts as waiting, so only the first of its sender's
# events can be claimed, by one worker.
CLAIM_NEXT_IN_ORDER = """
SELECT event.* FROM messaging_webhookevent event
WHERE event.state = 'received' AND event.due_at <= %s AND NOT EXISTS (
    SELECT 1 FROM messaging_webhookevent earlier
    WHERE earlier.state = 'received' AND earlier.source = event.source AND earlier.source_id = event.source_id
        AND earlier.order_key = event.order_key AND earlier.id < event.id
)
ORDER BY event.due_at, event.id
LIMIT 1
FOR UPDATE OF event SKIP LOCKED
"""

# Ids tell the order of insertion, not of commit: of two processes that take in one sender's events, the one with the
# lower id may commit while the higher is being applied. Replays do the same. This lock keeps them one at a time.
LOCK_ORDER_KEY = "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))"

# Plain, because a conversation has four events, and Django would take longer to write these than PostgreSQL to run.
_BEGIN = "UPDATE messaging_webhookevent SET attempts_made = %s, due_at = %s WHERE id = %s"
_LOCK_OURS = """
SELECT true FROM messaging_webhookevent WHERE id = %s AND state = 'received' AND attempts_made = %s FOR NO KEY UPDATE
"""
_MARK_OURS = """
UPDATE messaging_webhookevent SET state = %s, applied_at = %s, error = %s
WHERE id = %s AND state = 'received' AND attempts_made = %s
"""


def claim_next_in_order(now: datetime) -> WebhookEvent | None:
    """The oldest due event that no earlier one of the same `order_key` waits before."""
    return next(iter(WebhookEvent.objects.raw(CLAIM_NEXT_IN_ORDER, [now])), None)


def lock_sender(event: WebhookEvent) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOCK_ORDER_KEY, [f"{event.source}/{event.source_id}/{event.order_key}"])


def apply_one_due_event(now: datetime, *, claim: Claim = claim_next_in_order, lock: Lock = lock_sender) -> bool:
    """Apply one due event in the transaction that marks it; False when none can be applied now."""
    event = _begin_attempt(now, claim)
    if event is None:
        return False
    try:
        with transaction.atomic():
            if _is_ours(event):
                lock(event)
                _mark(event, _apply(event, now), applied_at=now)
    except Exception as error:
        _record_failure(event, error, now)
    return True


@transaction.atomic
def _begin_attempt(now: datetime, claim: Claim) -> WebhookEvent | None:
    """Count the attempt and let the event rest, in a transaction of its own: should the process die in the work, this
    is what is left. Its sender's later events wait behind it.
    """
    event = claim(now)
    if event is None:
        return None
    event.attempts_made += 1
    event.due_at = now + retry_delay(event.attempts_made)
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [event.attempts_made, event.due_at, event.pk])
    return event


def _is_ours(event: WebhookEvent) -> bool:
    """Lock it, unless another worker began a later attempt meanwhile: this one may have been paused."""
    with connection.cursor() as cursor:
        cursor.execute(_LOCK_OURS, [event.pk, event.attempts_made])
        return cursor.fetchone() is not None


def _apply(event: WebhookEvent, now: datetime) -> EventState:
    """An applier may return EventState.IGNORED for an event that concerns nobody."""
    if event.attempts_made > MAX_ATTEMPTS:
        raise WorkerDied
    apply_event = import_string(source_named(event.source).apply)
    with workspace_scope(event.workspace_id):
        return EventState(apply_event(event, now=now) or EventState.APPLIED)


def _record_failure(event: WebhookEvent, error: Exception, now: datetime) -> None:
    """All that the attempt did is undone; what is left of it is its count and its reason."""
    attempt = event.attempts_made
    is_hopeless = isinstance(error, (UnreadablePayload, ValidationError)) or attempt >= MAX_ATTEMPTS
    level = logging.ERROR if is_hopeless else logging.WARNING
    logger.log(level, "event.failed", extra={"event_id": event.pk, "attempt": attempt}, exc_info=error)
    _mark(event, EventState.PARKED if is_hopeless else EventState.RECEIVED, error=_words(error))


def _mark(event: WebhookEvent, state: EventState, *, applied_at: datetime | None = None, error: str = "") -> None:
    """Unless another worker was quicker after our transaction was undone."""
    with connection.cursor() as cursor:
        cursor.execute(_MARK_OURS, [state, applied_at, error, event.pk, event.attempts_made])


def _words(error: Exception) -> str:
    return storable(f"{type(error).__name__}: {error}")[:2000]
