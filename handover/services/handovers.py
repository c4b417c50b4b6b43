"""A handover's life: requested, claimed, and ended by an answer, a booking, a resolution or a return to the AI."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from agents.alerts import TEAM, alert_staff
from agents.coordinator import grant_floor, sync_states
from agents.models.framework import Agent, State
from crm.models import Membership, Role, User
from crm.models.consent import HoldKind
from crm.services.holds import place_hold
from crm.services.trail import record_decision
from handover import hours, wording
from handover.models import Handover, HandoverPolicy, LadderStep
from handover.models.handovers import OPEN_STATES, HandoverState, Rung, StepState, Urgency
from messaging.floor import Grant, current_floor
from messaging.models import Conversation, Message
from messaging.models.messages import Voice
from messaging.services.conversations import lock_conversation, next_seq
from messaging.services.outbound import queue_message

from .policies import hours_of, minutes_of, policy_of

MARKETING_REST = timedelta(hours=24)
"""No marketing this long after a request for a person."""

SAID = {
    HandoverState.ANSWERED: "a person answered",
    HandoverState.BOOKED: "a call is booked",
    HandoverState.RESOLVED: "the conversation was resolved",
    HandoverState.RETURNED: "the conversation was returned to the AI",
    HandoverState.RENEWED: "the customer asked again",
}


class NotOpen(Exception):
    """The handover has already ended."""


@transaction.atomic
def request_handover(
    *,
    conversation: Conversation,
    trigger: str,
    reason: str,
    request: str,
    urgency: str,
    requested_by: Message | None,
    now: datetime,
    requested_at: datetime | None = None,
) -> Handover:
    """Ask for a person: the customer is told, the team is alerted, the ladder is set up from `requested_at` (now).

    A conversation that already waits keeps its ladder; an open callback is renewed.
    """
    conversation = lock_conversation(conversation)
    waiting = open_handover(conversation)
    if waiting and waiting.state == HandoverState.WAITING:
        return waiting
    if waiting:
        end_handover(handover=waiting, state=HandoverState.RENEWED, reason="asked again", now=now)
    policy = policy_of(conversation.workspace)
    handover = Handover.objects.create(
        workspace_id=conversation.workspace_id,
        lead=conversation.lead,
        conversation=conversation,
        trigger=trigger,
        reason=reason,
        request=request or conversation.last_preview,
        requested_by=requested_by,
        urgency=urgency,
        after_hours=not hours.is_open(hours_of(conversation.workspace), now),
        requested_at=requested_at or now,
    )
    _set_up_ladder(handover, policy)
    _pass_the_baton(handover, conversation, now)
    _alert_team(handover, conversation, now)
    if not handover.after_hours:
        _acknowledge(handover, conversation, policy, now)
    next_seq(conversation)
    return handover


# What was withheld or failed reached nobody. Plain SQL: every rung of every ladder asks.
_WHO_ANSWERED = """
SELECT coalesce(nullif(author.name, ''), author.email, 'a person')
  FROM messaging_message AS message
  LEFT JOIN crm_user AS author ON author.id = message.author_id
 WHERE message.conversation_id = %s AND message.voice = 'human' AND message.at >= %s
   AND message.status NOT IN ('suppressed', 'failed')
 ORDER BY message.at
 LIMIT 1
"""


def who_answered(conversation: Conversation, *, since: datetime) -> str | None:
    """The name of the person whose words came first since then; None when nobody wrote."""
    with connection.cursor() as cursor:
        cursor.execute(_WHO_ANSWERED, [conversation.pk, since])
        row = cursor.fetchone()
    return str(row[0]) if row else None


def open_handover(conversation: Conversation) -> Handover | None:
    return (
        Handover.objects.filter(conversation=conversation, state__in=OPEN_STATES)
        .select_related("lead", "conversation", "workspace")
        .first()
    )


@transaction.atomic
def claim_handover(*, handover: Handover, user: User, now: datetime) -> Handover:
    """A person says “mine”. The ladder goes on until they answer. Raises NotOpen.

    A second person may claim what another claimed and has not answered.
    """
    conversation = lock_conversation(handover.conversation_id)
    handover = Handover.objects.select_related("lead", "conversation", "workspace").get(pk=handover.pk)
    if handover.state not in OPEN_STATES:
        raise NotOpen(f"This handover has ended: {handover.ended_reason or handover.state}.")
    handover.claimed_by = user
    handover.claimed_at = now
    handover.save(update_fields=["claimed_by", "claimed_at"])
    conversation.assignee = user
    conversation.save(update_fields=["assignee"])
    record_decision(
        lead=handover.lead,
        actor=str(user),
        kind="handover.claimed",
        reason=f"{user} claimed the handover; the ladder goes on until they answer.",
        now=now,
        handover=handover.pk,
        user=user.pk,
    )
    next_seq(conversation)
    return handover


@transaction.atomic
def end_handover(*, handover: Handover, state: HandoverState, reason: str, now: datetime) -> bool:
    """End a handover and its ladder at once; False when it had ended before."""
    conversation = lock_conversation(handover.conversation_id)
    handover = Handover.objects.select_related("lead").get(pk=handover.pk)
    if handover.state not in OPEN_STATES:
        return False
    handover.state = state
    handover.ended_at = now
    handover.ended_reason = reason[:255]
    handover.ladder_ended_at = handover.ladder_ended_at or now
    if state == HandoverState.ANSWERED:
        handover.answered_at = now
    handover.save(update_fields=["state", "ended_at", "ended_reason", "ladder_ended_at", "answered_at"])
    dismiss_steps(handover, f"not needed: {SAID[state]}", now)
    record_decision(
        lead=handover.lead,
        actor="monitor",
        kind="handover.answered" if state == HandoverState.ANSWERED else "handover.ended",
        reason=f"The handover ended: {reason}.",
        now=now,
        handover=handover.pk,
        state=state,
        waited_seconds=round((now - handover.requested_at).total_seconds()),
    )
    stand_down(conversation, SAID[state], now)
    next_seq(conversation)
    return True


def dismiss_steps(handover: Handover, verdict: str, now: datetime) -> None:
    """The steps that will not fire any more, each with its reason in the trail."""
    for step in LadderStep.objects.filter(handover=handover, state=StepState.PENDING).order_by("due_at"):
        close_step(step, StepState.NOT_NEEDED, verdict, now)


def close_step(step: LadderStep, state: StepState, verdict: str, now: datetime, message: Message | None = None) -> None:
    """Mark a step done under the conversation's lock, with its verdict in the trail."""
    step.state = state
    step.verdict = verdict
    step.done_at = now
    step.claimed_until = None
    step.message = message
    step.save(update_fields=["state", "verdict", "done_at", "claimed_until", "message"])
    record_decision(
        lead=step.handover.lead,
        actor="bridge" if step.rung == Rung.BRIDGE else "monitor",
        kind=f"ladder.{state}",
        reason=f"{_sentence(step.get_rung_display())}: {verdict}",
        now=now,
        handover=step.handover_id,
        rung=step.rung,
        due_at=step.due_at.isoformat(),
        late_seconds=max(0, round((now - step.due_at).total_seconds(), 1)),
        message=str(message.pk) if message else None,
    )


def _sentence(label: str) -> str:
    return label[:1].upper() + label[1:]


def _set_up_ladder(handover: Handover, policy: HandoverPolicy) -> None:
    """Four due rows. After hours the bridge speaks at once, and nobody is told that the team is busy."""
    factor = pace_of(handover, policy)
    for rung, minutes in minutes_of(policy).items():
        due_at = handover.requested_at + timedelta(minutes=minutes * factor)
        if handover.after_hours and rung == Rung.UPDATE:
            continue
        if handover.after_hours and rung == Rung.BRIDGE:
            due_at = handover.requested_at
        LadderStep.objects.create(workspace_id=handover.workspace_id, handover=handover, rung=rung, due_at=due_at)


def pace_of(handover: Handover, policy: HandoverPolicy) -> float:
    """The share of the policy's minutes that this handover's ladder takes: urgency and VIP shorten it."""
    urgent = policy.urgent_factor if handover.urgency == Urgency.URGENT else 1.0
    return urgent * (policy.vip_factor if handover.lead.is_vip else 1.0)


def _pass_the_baton(handover: Handover, conversation: Conversation, now: datetime) -> None:
    record_decision(
        lead=handover.lead,
        actor="monitor",
        kind="handover.requested",
        reason=f"A person is needed: {handover.reason}" + (" It is after hours." if handover.after_hours else ""),
        now=now,
        handover=handover.pk,
        trigger=handover.trigger,
        urgency=handover.urgency,
        after_hours=handover.after_hours,
        steps={step.rung: step.due_at.isoformat() for step in handover.steps.order_by("due_at")},
    )
    sync_states(
        conversation,
        {Agent.PRIMARY: State.HANDOVER, Agent.MONITOR: State.ACTIVE, Agent.BRIDGE: State.STANDBY},
        "a person was asked for",
        now,
    )
    place_hold(
        lead=handover.lead,
        kind=HoldKind.HUMAN_REQUESTED,
        reason="they asked for a person",
        until=now + MARKETING_REST,
        now=now,
    )


def _alert_team(handover: Handover, conversation: Conversation, now: datetime) -> None:
    """First those who sell; a workspace without sales staff alerts everyone who may answer."""
    has_sales = Membership.objects.filter(workspace_id=handover.workspace_id, role=Role.SALES).exists()
    alert_staff(
        conversation=conversation,
        headline=f"{handover.lead} asks for a person",
        text=alert_text(handover),
        key=f"handover:{handover.pk}:requested",
        roles=(Role.SALES,) if has_sales else TEAM,
        now=now,
        handover=handover.pk,
    )


def alert_text(handover: Handover) -> str:
    return f"{handover.lead} asks: “{wording.quote(handover.request)}”\n{handover.reason}"


def _acknowledge(handover: Handover, conversation: Conversation, policy: HandoverPolicy, now: datetime) -> None:
    """The customer hears at once that a person is coming, in the voice they were talking to."""
    grant = grant_floor(
        conversation=conversation, agent=Agent.PRIMARY, reason="to say that a person is coming", now=now
    )
    if not isinstance(grant, Grant):
        return
    queue_message(
        conversation=conversation,
        voice=Voice.AI,
        body=wording.fill(
            policy.acknowledgement_text, lead=handover.lead, request=handover.request, waited=timedelta(0)
        ),
        intent_key=f"handover:{handover.pk}:acknowledgement",
        grant=grant,
        now=now,
        answers=handover.requested_by,
        payload={"stands": True},
    )


def stand_down(conversation: Conversation, reason: str, now: datetime) -> None:
    """The monitor and the bridge rest; the primary agent is back unless a person is in charge."""
    floor = current_floor(conversation.lead_id)
    person_in_charge = floor is not None and floor.holder == "human" and floor.expires_at is None
    sync_states(
        conversation,
        {
            Agent.PRIMARY: State.DISABLED if person_in_charge else State.ACTIVE,
            Agent.MONITOR: State.STANDBY,
            Agent.BRIDGE: State.STANDBY,
        },
        reason,
        now,
    )
