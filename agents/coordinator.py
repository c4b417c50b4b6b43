"""The coordinator: who may speak. Every agent and every person asks here before words reach a lead."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction

from crm.models import User
from crm.services.trail import record_decision
from messaging import floor
from messaging.floor import Busy, Grant
from messaging.models import Attachment, Conversation, Floor, Message
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import Direction, MessageStatus, Voice
from messaging.services.conversations import close_conversation, lock_conversation, next_seq
from messaging.services.media_uploads import attach, check_fit, items_of
from messaging.services.outbound import queue_message, suppress_stale_words
from messaging.services.template_forms import TemplateForm
from project.kernel.due import is_any_due
from project.kernel.scope import across_workspaces, workspace_scope

from .bus import EVERYONE, send_agent_message
from .models import AgentMessage
from .models.framework import Agent, AgentMessageKind, State
from .states import RESTING, set_states, states_of

SPEAKERS = {Agent.PRIMARY: "primary", Agent.BRIDGE: "bridge", Agent.MONITOR: "system"}
"""The floor's holder names of the agents that speak."""


class NothingToSay(ValueError):
    """A message needs words."""


@transaction.atomic(savepoint=False)
def grant_floor(*, conversation: Conversation, agent: Agent, reason: str, now: datetime) -> Grant | Busy:
    """Ask for the floor on behalf of an agent. A refusal is told to the coordinator as `agent_conflict`."""
    conversation = lock_conversation(conversation)
    answer = floor.acquire(workspace_id=conversation.workspace_id, lead_id=conversation.lead_id, holder=SPEAKERS[agent])
    lead = conversation.lead
    if isinstance(answer, Grant):
        record_decision(
            lead=lead,
            actor="coordinator",
            kind="floor.granted",
            reason=f"{agent.label} may speak: {reason}",
            now=now,
            epoch=answer.epoch,
            holder=answer.holder,
        )
        suppress_stale_words(conversation=conversation, now=now)
        next_seq(conversation)
        return answer
    _tell_conflict(conversation, agent, answer, reason, now)
    return answer


def _tell_conflict(conversation: Conversation, agent: Agent, busy: Busy, reason: str, now: datetime) -> None:
    """Once for each grant that stands in the way, however often the agent asks again."""
    conflicts = AgentMessage.objects.filter(
        lead=conversation.lead, kind=AgentMessageKind.AGENT_CONFLICT, sender=agent, context__epoch=busy.epoch
    )
    if not conflicts.exists():
        send_agent_message(
            lead=conversation.lead,
            kind=AgentMessageKind.AGENT_CONFLICT,
            sender=agent,
            recipient=Agent.COORDINATOR,
            reason=f"{busy.holder} holds the floor; {reason}",
            now=now,
            holder=busy.holder,
            user=busy.user_id,
            epoch=busy.epoch,
        )


@transaction.atomic
def take_over(*, conversation: Conversation, user: User, now: datetime) -> Grant:
    """A person takes the conversation. From this commit on no word of an agent leaves."""
    conversation = lock_conversation(conversation)
    before = floor.current_floor(conversation.lead_id)
    grant = floor.take_over(
        workspace_id=conversation.workspace_id,
        lead_id=conversation.lead_id,
        user_id=user.pk,
        returns_at=_returns_at(conversation, now),
    )
    if before and before.user_id == user.pk and before.expires_at is None:  # not on its way back to the AI
        return grant
    conversation.assignee = user
    conversation.status = ConversationStatus.OPEN
    conversation.resolved_at = None
    conversation.save(update_fields=["assignee", "status", "resolved_at"])
    record_decision(
        lead=conversation.lead,
        actor=str(user),
        kind="floor.taken_over",
        reason=f"{user} took over the conversation; the AI is silent.",
        now=now,
        epoch=grant.epoch,
        user=user.pk,
        from_holder=before.holder if before else "",
    )
    sync_states(conversation, {Agent.PRIMARY: State.DISABLED}, f"{user} took over", now)
    suppress_stale_words(conversation=conversation, now=now)
    next_seq(conversation)
    return grant


@transaction.atomic
def return_to_ai(*, conversation: Conversation, user: User | None, reason: str, now: datetime) -> bool:
    """End a person's hold; the primary agent is in charge again. False when no person held the floor.

    The news ends an open ladder only when a person returned it (`user`): they decided that the AI should go on.
    Otherwise the monitor goes on watching: the customer still waits for a person.
    """
    conversation = lock_conversation(conversation)
    was_held = floor.take_back(lead_id=conversation.lead_id)
    if was_held:
        record_decision(
            lead=conversation.lead,
            actor=str(user) if user else "coordinator",
            kind="floor.returned",
            reason=f"Returned to the AI: {reason}",
            now=now,
            user=user.pk if user else None,
        )
        suppress_stale_words(conversation=conversation, now=now)
    if user:  # before the states change: the monitor hears it only while it watches
        tell_monitor(conversation, event="returned", reason=f"{user} returned the conversation to the AI", now=now)
    resting = SPEAKERS if user else (Agent.PRIMARY,)
    sync_states(conversation, {agent: RESTING[agent] for agent in resting}, reason, now)
    next_seq(conversation)
    return was_held


@transaction.atomic
def resolve_conversation(*, conversation: Conversation, user: User, now: datetime) -> bool:
    """A person closes the conversation, and with it whatever ladder runs; False when it was resolved before."""
    if not close_conversation(conversation=conversation, user=user, now=now):
        return False
    conversation = lock_conversation(conversation)
    suppress_stale_words(conversation=conversation, now=now)
    tell_monitor(conversation, event="resolved", reason=f"{user} resolved the conversation", now=now)
    sync_states(conversation, {agent: RESTING[agent] for agent in SPEAKERS}, "the conversation was resolved", now)
    return True


@transaction.atomic
def send_as_person(
    *,
    conversation: Conversation,
    user: User,
    body: str,
    now: datetime,
    key: str | None = None,
    attachments: Sequence[Attachment] = (),
    form: TemplateForm | None = None,
) -> Message:
    """Queue a person's words and files, taking the floor if they do not hold it. The same `key` sends nothing new.

    With a `form` they are a template's. Raises NothingToSay for blank text without files, and UnfitFile for files that
    the channel does not take.
    """
    if not body.strip() and not attachments:
        raise NothingToSay("Write a message first.")
    conversation = lock_conversation(conversation)
    unique = key or f"{conversation.pk}:{conversation.seq}:{now.timestamp()}"
    intent_key = f"human:{user.pk}:{unique}"[:160]
    known = Message.objects.filter(workspace_id=conversation.workspace_id, intent_key=intent_key).first()
    if known:  # a late retry must not take the floor again after the conversation was returned
        return known
    check_fit(conversation.channel, attachments, body.strip())
    grant = take_over(conversation=conversation, user=user, now=now)
    newest = _newest_inbound(conversation)
    message = queue_message(
        conversation=conversation,
        voice=Voice.HUMAN,
        body=body.strip(),
        intent_key=intent_key,
        grant=grant,
        now=now,
        answers=newest,
        author=user,
        media=items_of(attachments),
        form=form,
    )
    attach(message, attachments)
    if message.status != MessageStatus.SUPPRESSED:
        tell_monitor(conversation, event="answered", reason=f"{user} answered", now=now, user=user.pk)
    return message


def has_returning_floors(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(Floor.objects.filter(returns_at__lte=now), by="returns_at")


def return_one_due_floor(now: datetime) -> bool:
    """The workspace's auto-return rule: a person who stayed silent too long gives the conversation back."""
    with across_workspaces():
        due = Floor.objects.filter(returns_at__lte=now).select_related("workspace", "user").first()
    if due is None:
        return False
    with workspace_scope(due.workspace), transaction.atomic():
        conversation = lock_conversation(Conversation.objects.get(lead_id=due.lead_id).pk)
        if Floor.objects.filter(pk=due.pk, returns_at__lte=now).exists():
            minutes = due.workspace.auto_return_minutes
            return_to_ai(
                conversation=conversation, user=None, reason=f"{due.user} said nothing for {minutes:g} minutes", now=now
            )
    return True


def tell_monitor(conversation: Conversation, *, event: str, reason: str, now: datetime, **context: int) -> None:
    """News for the handover monitor, while it watches this lead."""
    if states_of(conversation.lead)[Agent.MONITOR] != State.ACTIVE:
        return
    send_agent_message(
        lead=conversation.lead,
        kind=AgentMessageKind.STATE_SYNC,
        sender=Agent.COORDINATOR,
        recipient=Agent.MONITOR,
        reason=reason,
        now=now,
        conversation=conversation.pk,
        event=event,
        **context,
    )


def _returns_at(conversation: Conversation, now: datetime) -> datetime | None:
    minutes = conversation.workspace.auto_return_minutes
    return now + timedelta(minutes=minutes) if minutes else None


def _newest_inbound(conversation: Conversation) -> Message | None:
    return conversation.messages.filter(direction=Direction.IN).order_by("-at", "-position").first()


def sync_states(conversation: Conversation, wanted: dict[Agent, State], reason: str, now: datetime) -> None:
    """Change states and tell every agent, if anything changed."""
    changed = set_states(lead=conversation.lead, wanted=wanted, reason=reason, now=now)
    if changed:
        send_agent_message(
            lead=conversation.lead,
            kind=AgentMessageKind.STATE_SYNC,
            sender=Agent.COORDINATOR,
            recipient=EVERYONE,
            reason=reason,
            now=now,
            changes=changed,
        )
