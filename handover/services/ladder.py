"""Climbing the ladder: each step at most once, each conditional on nobody having answered, each with its verdict.

After an outage only the latest due step of a handover fires; the earlier ones are recorded as superseded.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from agents.alerts import alert_staff
from agents.bus import send_agent_message
from agents.coordinator import grant_floor, return_to_ai, sync_states
from agents.models.framework import Agent, AgentMessageKind, State
from handover import wording
from handover.models import Handover, LadderStep
from handover.models.handovers import HandoverState, Rung, StepState
from messaging.floor import Busy, Grant, current_floor, is_held_against
from messaging.models import Conversation, Message
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import MessageStatus, Voice
from messaging.services.conversations import lock_conversation, next_seq
from messaging.services.outbound import queue_message
from project.kernel.due import MAX_ATTEMPTS, retry_delay
from project.kernel.leases import ClockTimestamp
from project.kernel.scope import across_workspaces, workspace_scope

from .handovers import alert_text, answer_since, close_step, end_handover
from .links import Link, offer_link
from .policies import policy_of

logger = logging.getLogger(__name__)

STEP_LEASE = timedelta(seconds=5)
"""How long a claimed step is left to its worker, which may have died, before another takes it."""

LINK_LEASE = timedelta(seconds=15)
"""The same while a booking link is fetched: longer than Calendly may take."""

BUSY_WAIT = timedelta(seconds=1)

LINK_RUNGS = {Rung.BRIDGE}


def has_due_steps(now: datetime) -> bool:
    with across_workspaces():
        return _due(now).exists()


def climb_one_due_step(now: datetime) -> bool:
    """Work on the step that is due longest; False when none is due."""
    with across_workspaces(), transaction.atomic():
        step = _claim(now)
    if step is None:
        return False
    with workspace_scope(step.workspace):
        try:
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
        .select_related("workspace")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("due_at")
        .first()
    )
    if step is not None:
        step.claimed_until = ClockTimestamp() + (LINK_LEASE if step.rung in LINK_RUNGS else STEP_LEASE)
        step.attempts_made += 1
        step.save(update_fields=["claimed_until", "attempts_made"])
    return step


def climb(step: LadderStep, now: datetime) -> None:
    """Look under the lock, fetch what must be fetched without it, look again and fire."""
    if not _is_still_wanted(step.pk, now):
        return
    link = offer_link(step.handover_id, now) if step.rung in LINK_RUNGS else None
    with transaction.atomic():
        conversation = lock_conversation(step.handover.conversation_id)
        current = _ready(step.pk, conversation, now)
        if current is not None:
            FIRE[Rung(current.rung)](current, conversation, link, now)
            next_seq(conversation)


@transaction.atomic
def _is_still_wanted(step_id: int, now: datetime) -> bool:
    conversation_id = LadderStep.objects.values_list("handover__conversation_id", flat=True).get(pk=step_id)
    conversation = lock_conversation(conversation_id)
    step = _ready(step_id, conversation, now)
    if step is not None and step.rung in LINK_RUNGS and is_held_against(lead_id=conversation.lead_id, holder="bridge"):
        _postpone(step, now)  # before a single-use link is fetched for nothing
        return False
    return step is not None


def _ready(step_id: int, conversation: Conversation, now: datetime) -> LadderStep | None:
    """The step, if it shall fire now; else it is closed with its reason. The conversation is locked."""
    step = LadderStep.objects.select_related("handover__lead", "handover__workspace", "workspace").get(pk=step_id)
    if step.state != StepState.PENDING:
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
    higher = _higher_rung(step, now)
    if higher is not None:
        close_step(step, StepState.SUPERSEDED, f"superseded: “{higher.get_rung_display()}” is due as well", now)
        return None
    return step


def _higher_rung(step: LadderStep, now: datetime) -> LadderStep | None:
    """A higher rung that is due too, or has spoken to the customer already. A rung put off may be due after it."""
    overtaken = Q(state=StepState.PENDING, due_at__lte=now)
    if step.rung != Rung.ALERT:  # after hours the team is alerted behind the bridge
        overtaken |= Q(state=StepState.FIRED)
    above = Rung.values[Rung.values.index(step.rung) + 1 :]
    return step.handover.steps.filter(overtaken, rung__in=above).order_by("due_at").last()


def what_ended_it(handover: Handover, conversation: Conversation) -> tuple[HandoverState, str] | None:
    """Whether a person answered or the conversation was resolved since the request: the rows are the truth."""
    answer = answer_since(conversation, handover.requested_at)
    if answer is not None:
        return HandoverState.ANSWERED, f"{answer.author or 'a person'} answered"
    if conversation.status == ConversationStatus.RESOLVED:
        return HandoverState.RESOLVED, "the conversation was resolved"
    return None


def _alert(step: LadderStep, conversation: Conversation, link: Link | None, now: datetime) -> None:
    told = _alert_everyone(step, conversation, now, "still waits for a person")
    people = "1 person" if told == 1 else f"{told} people"
    close_step(step, StepState.FIRED, f"nobody answered for {_waited(step, now)}; {people} alerted again", now)


def _update(step: LadderStep, conversation: Conversation, link: Link | None, now: datetime) -> None:
    grant = _ask_for_floor(step, conversation, Agent.MONITOR, now)
    if grant is None:
        return
    policy = policy_of(conversation.workspace)
    message = _say(step, conversation, policy.update_text, grant, Voice.SYSTEM, now)
    _fired(
        step, f"{_waited(step, now)} without a person; the customer was told that they are not forgotten", message, now
    )


def _bridge(step: LadderStep, conversation: Conversation, link: Link | None, now: datetime) -> None:
    grant = _ask_for_floor(step, conversation, Agent.BRIDGE, now)
    if grant is None:
        return
    assert link is not None
    handover = step.handover
    send_agent_message(
        lead=handover.lead,
        kind=AgentMessageKind.HUMAN_TIMEOUT,
        sender=Agent.MONITOR,
        recipient=Agent.BRIDGE,
        reason="business_hours_end" if handover.after_hours else f"no answer for {_waited(step, now)}",
        now=now,
        handover=handover.pk,
    )
    message = _say(step, conversation, link.template, grant, Voice.BRIDGE, now, link=link)
    if message.status == MessageStatus.SUPPRESSED:
        _fired(step, "", message, now)
        return
    sync_states(
        conversation,
        {Agent.BRIDGE: State.ACTIVE, Agent.PRIMARY: State.DISABLED},
        "the bridge offers a booked call",
        now,
    )
    link.record(handover=handover, now=now)
    send_agent_message(
        lead=handover.lead,
        kind=AgentMessageKind.CALENDLY_SENT,
        sender=Agent.BRIDGE,
        recipient=Agent.COORDINATOR,
        reason=link.reason,
        now=now,
        handover=handover.pk,
        message=str(message.pk),
    )
    when = "after hours, so at once" if handover.after_hours else f"after {_waited(step, now)}"
    _fired(step, f"a booked call was offered {when}; {link.reason}", message, now)


def _resume(step: LadderStep, conversation: Conversation, link: Link | None, now: datetime) -> None:
    """Emergency re-activation: whoever took over said nothing, so the AI resumes and a callback stays open."""
    handover = step.handover
    floor = current_floor(conversation.lead_id)
    if floor and floor.holder == "human":
        return_to_ai(conversation=conversation, user=None, reason=f"nobody answered for {_waited(step, now)}", now=now)
    grant = _ask_for_floor(step, conversation, Agent.PRIMARY, now)
    if grant is None:
        return
    handover.state = HandoverState.CALLBACK
    handover.ladder_ended_at = now
    handover.save(update_fields=["state", "ladder_ended_at"])
    sync_states(
        conversation,
        {Agent.PRIMARY: State.ACTIVE, Agent.BRIDGE: State.STANDBY, Agent.MONITOR: State.ACTIVE},
        "the AI resumes; the callback stays open",
        now,
    )
    policy = policy_of(conversation.workspace)
    message = _say(step, conversation, policy.resume_text, grant, Voice.AI, now)
    _alert_everyone(step, conversation, now, "is to be called back")
    _fired(
        step, f"{_waited(step, now)} without a person; the AI said so and resumed, a callback stays open", message, now
    )


FIRE: dict[Rung, Callable[[LadderStep, Conversation, Link | None, datetime], None]] = {
    Rung.ALERT: _alert,
    Rung.UPDATE: _update,
    Rung.BRIDGE: _bridge,
    Rung.RESUME: _resume,
}


def _ask_for_floor(step: LadderStep, conversation: Conversation, agent: Agent, now: datetime) -> Grant | None:
    """The floor, or a closed (a person holds it) or postponed (somebody's last words are still leaving) step."""
    answer = grant_floor(conversation=conversation, agent=agent, reason=f"{step.get_rung_display()} is due", now=now)
    if isinstance(answer, Grant):
        return answer
    if answer.holder == "human" and answer.until is None:
        _leave_to_person(step, conversation, answer, now)
    else:
        _postpone(step, now)
    return None


def _postpone(step: LadderStep, now: datetime) -> None:
    step.due_at = now + BUSY_WAIT
    step.claimed_until = None
    step.attempts_made -= 1
    step.save(update_fields=["due_at", "claimed_until", "attempts_made"])


def _leave_to_person(step: LadderStep, conversation: Conversation, busy: Busy, now: datetime) -> None:
    """A person took over and has not answered: they are reminded, and no machine talks into it."""
    floor = current_floor(conversation.lead_id)
    person = str(floor.user) if floor and floor.user else "a person"
    _alert_everyone(step, conversation, now, f"waits for {person}, who took over")
    close_step(step, StepState.WITHHELD, f"not sent: {person} has taken over and was reminded", now)


def _alert_everyone(step: LadderStep, conversation: Conversation, now: datetime, what: str) -> int:
    handover = step.handover
    return alert_staff(
        conversation=conversation,
        headline=f"{handover.lead} {what} ({_waited(step, now)})",
        text=alert_text(handover),
        key=f"handover:{handover.pk}:{step.rung}",
        now=now,
        handover=handover.pk,
    )


def _say(
    step: LadderStep,
    conversation: Conversation,
    template: str,
    grant: Grant,
    voice: Voice,
    now: datetime,
    link: Link | None = None,
) -> Message:
    handover = step.handover
    body = wording.fill(
        template,
        lead=handover.lead,
        request=handover.request,
        waited=wording.since(handover.requested_at, now),
        link=link.url if link else "",
        opens=link.opens if link else "",
    )
    return queue_message(
        conversation=conversation,
        voice=voice,
        body=body,
        intent_key=f"handover:{handover.pk}:{step.rung}",
        grant=grant,
        now=now,
        answers=handover.requested_by,
        payload={"stands": True},
    )


def _fired(step: LadderStep, verdict: str, message: Message, now: datetime) -> None:
    if message.status == MessageStatus.SUPPRESSED:
        close_step(step, StepState.WITHHELD, f"not sent: {message.verdict.get('reason', '')}", now, message)
    else:
        close_step(step, StepState.FIRED, verdict, now, message)


def _waited(step: LadderStep, now: datetime) -> str:
    return wording.in_words(wording.since(step.handover.requested_at, now))


@transaction.atomic
def _rest_or_park(step: LadderStep, error: Exception, now: datetime) -> None:
    conversation = lock_conversation(step.handover.conversation_id)
    current = LadderStep.objects.select_related("handover__lead").get(pk=step.pk)
    if current.state != StepState.PENDING:
        return
    if current.attempts_made >= MAX_ATTEMPTS:
        close_step(current, StepState.PARKED, f"failed {current.attempts_made} times: {error}", now)
        _alert_everyone(current, conversation, now, "waits, and a step of the ladder failed")
        return
    current.due_at = now + retry_delay(current.attempts_made)
    current.claimed_until = None
    current.save(update_fields=["due_at", "claimed_until"])
