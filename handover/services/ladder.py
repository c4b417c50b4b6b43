"""Climbing the ladder: each step at most once, each conditional on nobody having answered, each with its verdict.

After an outage only the latest due step of a handover fires; the earlier ones are recorded as superseded. Steps that
are late by seconds fire one after another, in their order.
"""

import logging
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection, transaction

from handover.models import Handover, LadderStep
from handover.models.handovers import HandoverState, Rung, StepState
from messaging.floor import is_held_against
from messaging.models import Conversation
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import MessageStatus
from messaging.services.conversations import lock_conversation, next_seq
from project.kernel.due import MAX_ATTEMPTS, WorkerDied, retry_delay
from project.kernel.scope import workspace_scope

from .handovers import close_step, end_handover, who_answered
from .links import offer_link
from .rungs import BUSY_WAIT, FIRE, alert_everyone, postpone

logger = logging.getLogger(__name__)

STEP_LEASE = timedelta(seconds=5)
"""How long a claimed step is left to its worker, which may have died, before another takes it."""

LINK_LEASE = timedelta(seconds=15)
"""The same while a booking link is fetched: longer than Calendly may take."""

LINK_RUNGS = {Rung.BRIDGE}

OUTAGE = timedelta(minutes=1)
"""A rung that is later than this was missed: if a higher one is due as well, only that one fires."""


def has_due_steps(now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_DUE, {"now": now})
        return cursor.fetchone() is not None


def climb_one_due_step(now: datetime) -> bool:
    """Work on the step that is due longest; False when none is due."""
    step = _claim(now)
    if step is None:
        return False
    with workspace_scope(step.workspace_id):
        try:
            if step.attempts_made > MAX_ATTEMPTS:
                raise WorkerDied
            climb(step, now)
        except Exception as error:  # anything unforeseen: the step is tried again, then parked where people see it
            logger.exception("ladder.failed", extra={"step": step.id})
            _rest_or_park(step, error, now)
    return True


class DueStep(NamedTuple):
    """What must be known of a step before its conversation is locked; all else is read under the lock."""

    id: int
    workspace_id: int
    handover_id: int
    conversation_id: int
    rung: str
    attempts_made: int

    @classmethod
    def of(cls, step: LadderStep) -> "DueStep":
        handover = step.handover
        return cls(step.pk, step.workspace_id, handover.pk, handover.conversation_id, step.rung, step.attempts_made)


# In the order of its index, for the reason given in project.kernel.due.is_any_due.
_NEXT_DUE = """
    SELECT id FROM handover_ladderstep
     WHERE state = 'pending' AND due_at <= %(now)s
       AND (claimed_until IS NULL OR claimed_until < clock_timestamp())
     ORDER BY due_at LIMIT 1
"""
# A lease doubles with each attempt: workers that keep dying for half a minute must not use up all attempts.
_CLAIM = f"""
UPDATE handover_ladderstep AS step
   SET claimed_until = clock_timestamp()
                       + (CASE WHEN rung = ANY(%(link_rungs)s) THEN %(link_lease)s ELSE %(lease)s END)
                       * (1 << attempts_made),
       attempts_made = attempts_made + 1
  FROM handover_handover AS handover
 WHERE handover.id = step.handover_id
   AND step.id = ({_NEXT_DUE} FOR NO KEY UPDATE SKIP LOCKED)
RETURNING step.id, step.workspace_id, step.handover_id, handover.conversation_id, rung, attempts_made
"""  # noqa: S608 - constants of this module


def _claim(now: datetime) -> DueStep | None:
    values: dict[str, Any] = {"now": now, "lease": STEP_LEASE, "link_lease": LINK_LEASE, "link_rungs": list(LINK_RUNGS)}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, values)
        row = cursor.fetchone()
    return DueStep(*row) if row else None


def climb(step: DueStep, now: datetime) -> None:
    """Look under the lock, fetch what must be fetched without it, look again and fire."""
    link = None
    if step.rung in LINK_RUNGS:
        if not _is_still_wanted(step, now):
            return
        link = offer_link(step.handover_id, now)
    with transaction.atomic():
        conversation = lock_conversation(step.conversation_id)
        current = _ready(step.id, conversation, now)
        if current is not None:
            conversation.lead, conversation.workspace = current.handover.lead, current.handover.workspace
            FIRE[Rung(current.rung)](current, conversation, link, now)
            next_seq(conversation)


@transaction.atomic
def _is_still_wanted(step: DueStep, now: datetime) -> bool:
    """Asked before a single-use link is fetched: it must not be fetched for nothing."""
    conversation = lock_conversation(step.conversation_id)
    current = _ready(step.id, conversation, now)
    if current is not None and is_held_against(lead_id=conversation.lead_id, holder="bridge"):
        postpone(current, now)
        return False
    return current is not None


def _ready(step_id: int, conversation: Conversation, now: datetime) -> LadderStep | None:
    """The step, if it shall fire now; else it is closed with its reason. The conversation is locked."""
    related = ("handover__lead", "handover__workspace", "handover__requested_by")
    step = LadderStep.objects.select_related(*related).get(pk=step_id)
    if step.state != StepState.PENDING or step.due_at > now:  # another climbed it or put it off: this worker slept
        return None
    handover = step.handover
    answer = what_ended_it(handover, conversation)
    if answer is not None:
        state, reason = answer
        end_handover(handover=handover, state=state, reason=reason, now=now)
        return None
    if handover.state != HandoverState.WAITING:
        close_step(step, StepState.NOT_NEEDED, f"not needed: the handover is {handover.state}", now)
        return None
    rungs = _all_rungs(handover)
    higher = _higher_rung(step, rungs, now)
    if higher is not None:
        close_step(step, StepState.SUPERSEDED, f"superseded: “{Rung(higher.rung).label}” is due as well", now)
        return None
    if _waits_for_lower_rung(step, rungs, now):
        postpone(step, now)
        return None
    return step


class Progress(NamedTuple):
    """How far a rung of the ladder is. `words` is the status of the message that it said, if it said one."""

    rung: str
    state: str
    due_at: datetime
    done_at: datetime | None
    words: str | None

    @property
    def place(self) -> int:
        return Rung.values.index(self.rung)


_ALL_RUNGS = """
SELECT step.rung, step.state, step.due_at, step.done_at, message.status
  FROM handover_ladderstep AS step
  LEFT JOIN messaging_message AS message ON message.id = step.message_id
 WHERE step.handover_id = %s
"""


def _all_rungs(handover: Handover) -> list[Progress]:
    with connection.cursor() as cursor:
        cursor.execute(_ALL_RUNGS, [handover.pk])
        return [Progress(*row) for row in cursor.fetchall()]


def _higher_rung(step: LadderStep, rungs: list[Progress], now: datetime) -> Progress | None:
    """What this rung comes too late for: a higher one that spoke already or, after an outage, is due as well."""
    was_missed = now - step.due_at > OUTAGE
    speaks = step.rung != Rung.ALERT  # after hours the team is alerted behind the bridge
    overtaking = [
        other
        for other in rungs
        if other.place > Rung.values.index(step.rung)
        and ((was_missed and _is_due(other, now)) or (speaks and other.state == StepState.FIRED))
    ]
    return max(overtaking, key=lambda other: other.due_at, default=None)


def _waits_for_lower_rung(step: LadderStep, rungs: list[Progress], now: datetime) -> bool:
    """A rung below is due or was just put off, or its words are still here: the customer hears them in their order."""
    return any(
        other.place < Rung.values.index(step.rung)
        and ((_is_due(other, now + BUSY_WAIT) and other.due_at >= now - OUTAGE) or _are_words_leaving(other, now))
        for other in rungs
    )


def _is_due(rung: Progress, now: datetime) -> bool:
    return rung.state == StepState.PENDING and rung.due_at <= now


def _are_words_leaving(rung: Progress, now: datetime) -> bool:
    return rung.words == MessageStatus.QUEUED and rung.done_at is not None and rung.done_at >= now - OUTAGE


def what_ended_it(handover: Handover, conversation: Conversation) -> tuple[HandoverState, str] | None:
    """Whether a person answered or the conversation was resolved since the request: the rows are the truth."""
    person = who_answered(conversation, since=handover.requested_at)
    if person is not None:
        return HandoverState.ANSWERED, f"{person} answered"
    if conversation.status == ConversationStatus.RESOLVED:
        return HandoverState.RESOLVED, "the conversation was resolved"
    return None


@transaction.atomic
def _rest_or_park(step: DueStep, error: Exception, now: datetime) -> None:
    conversation = lock_conversation(step.conversation_id)
    current = LadderStep.objects.select_related("handover__lead").get(pk=step.id)
    if current.state != StepState.PENDING:
        return
    if current.attempts_made >= MAX_ATTEMPTS:
        close_step(current, StepState.PARKED, f"failed {current.attempts_made} times: {error}", now)
        alert_everyone(current, conversation, now, "waits, and a step of the ladder failed")
        return
    current.due_at = now + retry_delay(current.attempts_made)
    current.claimed_until = None
    current.save(update_fields=["due_at", "claimed_until"])
