"""Climbing the ladder: each step at most once, each conditional on nobody having answered, each with its verdict.

After an outage only the latest due step of a handover fires; the earlier ones are recorded as superseded. Steps that
are late by seconds fire one after another, in their order.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from handover.models import Handover, LadderStep
from handover.models.handovers import HandoverState, Rung, StepState
from messaging.floor import is_held_against
from messaging.models import Conversation
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import MessageStatus
from messaging.services.conversations import lock_conversation, next_seq
from project.kernel.due import MAX_ATTEMPTS, WorkerDied, is_any_due, retry_delay
from project.kernel.leases import ClockTimestamp
from project.kernel.scope import across_workspaces, workspace_scope

from .handovers import answer_since, close_step, end_handover
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
    with across_workspaces():
        return is_any_due(_due(now))


def climb_one_due_step(now: datetime) -> bool:
    """Work on the step that is due longest; False when none is due."""
    with across_workspaces(), transaction.atomic():
        step = _claim(now)
    if step is None:
        return False
    with workspace_scope(step.workspace_id):
        try:
            if step.attempts_made > MAX_ATTEMPTS:
                raise WorkerDied
            climb(step, now)
        except Exception as error:  # anything unforeseen: the step is tried again, then parked where people see it
            logger.exception("ladder.failed", extra={"step": step.pk})
            _rest_or_park(step, error, now)
    return True


def _due(now: datetime) -> QuerySet[LadderStep]:
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lt=ClockTimestamp())
    return LadderStep.objects.filter(unclaimed, state=StepState.PENDING, due_at__lte=now)


def _claim(now: datetime) -> LadderStep | None:
    step = (
        _due(now)
        .select_related("handover")
        .only("workspace", "rung", "attempts_made", "handover__conversation")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("due_at")
        .first()
    )
    if step is not None:
        step.claimed_until = ClockTimestamp() + _lease(step)
        step.attempts_made += 1
        step.save(update_fields=["claimed_until", "attempts_made"])
    return step


def _lease(step: LadderStep) -> timedelta:
    """Twice as long after each attempt: workers that keep dying for half a minute must not use up all of them."""
    lease = LINK_LEASE if step.rung in LINK_RUNGS else STEP_LEASE
    return lease * (1 << step.attempts_made)


def climb(step: LadderStep, now: datetime) -> None:
    """Look under the lock, fetch what must be fetched without it, look again and fire."""
    link = None
    if step.rung in LINK_RUNGS:
        if not _is_still_wanted(step, now):
            return
        link = offer_link(step.handover_id, now)
    with transaction.atomic():
        conversation = lock_conversation(step.handover.conversation_id)
        current = _ready(step.pk, conversation, now)
        if current is not None:
            conversation.lead, conversation.workspace = current.handover.lead, current.handover.workspace
            FIRE[Rung(current.rung)](current, conversation, link, now)
            next_seq(conversation)


@transaction.atomic
def _is_still_wanted(step: LadderStep, now: datetime) -> bool:
    """Asked before a single-use link is fetched: it must not be fetched for nothing."""
    conversation = lock_conversation(step.handover.conversation_id)
    current = _ready(step.pk, conversation, now)
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
    _look_at_all_steps(handover)
    higher = _higher_rung(step, now)
    if higher is not None:
        close_step(step, StepState.SUPERSEDED, f"superseded: “{higher.get_rung_display()}” is due as well", now)
        return None
    if _waits_for_lower_rung(step, now):
        postpone(step, now)
        return None
    return step


def _look_at_all_steps(handover: Handover) -> None:
    """One look for the questions about the other rungs."""
    fields = ("handover", "rung", "state", "due_at", "done_at", "message__status")
    steps = LadderStep.objects.select_related("message").only(*fields)
    prefetch_related_objects([handover], Prefetch("steps", steps))


def _higher_rung(step: LadderStep, now: datetime) -> LadderStep | None:
    """What this rung comes too late for: a higher one that spoke already or, after an outage, is due as well."""
    was_missed = now - step.due_at > OUTAGE
    speaks = step.rung != Rung.ALERT  # after hours the team is alerted behind the bridge
    overtaking = [
        other
        for other in step.handover.steps.all()
        if _place(other) > _place(step)
        and ((was_missed and _is_due(other, now)) or (speaks and other.state == StepState.FIRED))
    ]
    return max(overtaking, key=lambda other: other.due_at, default=None)


def _waits_for_lower_rung(step: LadderStep, now: datetime) -> bool:
    """A rung below is due or was just put off, or its words are still here: the customer hears them in their order."""
    return any(
        _place(other) < _place(step)
        and ((_is_due(other, now + BUSY_WAIT) and other.due_at >= now - OUTAGE) or _are_words_leaving(other, now))
        for other in step.handover.steps.all()
    )


def _place(step: LadderStep) -> int:
    return Rung.values.index(step.rung)


def _is_due(step: LadderStep, now: datetime) -> bool:
    return step.state == StepState.PENDING and step.due_at <= now


def _are_words_leaving(step: LadderStep, now: datetime) -> bool:
    is_queued = step.message is not None and step.message.status == MessageStatus.QUEUED
    return is_queued and step.done_at is not None and step.done_at >= now - OUTAGE


def what_ended_it(handover: Handover, conversation: Conversation) -> tuple[HandoverState, str] | None:
    """Whether a person answered or the conversation was resolved since the request: the rows are the truth."""
    answer = answer_since(conversation, handover.requested_at)
    if answer is not None:
        return HandoverState.ANSWERED, f"{answer.author or 'a person'} answered"
    if conversation.status == ConversationStatus.RESOLVED:
        return HandoverState.RESOLVED, "the conversation was resolved"
    return None


@transaction.atomic
def _rest_or_park(step: LadderStep, error: Exception, now: datetime) -> None:
    conversation = lock_conversation(step.handover.conversation_id)
    current = LadderStep.objects.select_related("handover__lead").get(pk=step.pk)
    if current.state != StepState.PENDING:
        return
    if current.attempts_made >= MAX_ATTEMPTS:
        close_step(current, StepState.PARKED, f"failed {current.attempts_made} times: {error}", now)
        alert_everyone(current, conversation, now, "waits, and a step of the ladder failed")
        return
    current.due_at = now + retry_delay(current.attempts_made)
    current.claimed_until = None
    current.save(update_fields=["due_at", "claimed_until"])
