"""Messages between agents: stored rows, routed to the agent that subscribed, visible in the trail.

A message with a subscriber is a due row: it is delivered in a transaction of its own, once, and again after a crash;
one that failed or ended its process five times is parked, and the team is told.
"""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.models import Lead
from crm.services.trail import record_decision
from messaging.models import Conversation
from project.kernel.due import MAX_ATTEMPTS, WorkerDied, is_any_due, retry_delay
from project.kernel.events import kick
from project.kernel.scope import across_workspaces, workspace_scope

from .alerts import alert_staff
from .models import AgentMessage
from .models.framework import Agent, AgentMessageKind

logger = logging.getLogger(__name__)

EVERYONE = "all"

Subscriber = Callable[[AgentMessage, datetime], None]

_subscribers: dict[tuple[str, str], Subscriber] = {}


def subscribe(recipient: str, kind: AgentMessageKind, subscriber: Subscriber) -> None:
    """`subscriber(message, now)` acts on messages of `kind` to `recipient`, in the transaction that marks them."""
    _subscribers[recipient, kind] = subscriber


def send_agent_message(
    *, lead: Lead, kind: AgentMessageKind, sender: Agent, recipient: str, reason: str, now: datetime, **context: Any
) -> AgentMessage:
    """Store a message in the transaction of the fact it tells of. `context` holds ids, numbers and quotes."""
    has_subscriber = (recipient, kind) in _subscribers
    message = AgentMessage.objects.create(
        workspace_id=lead.workspace_id,
        lead=lead,
        kind=kind,
        sender=sender,
        recipient=recipient,
        reason=reason[:255],
        context=context,
        at=now,
        due_at=now if has_subscriber else None,
        received_at=None if has_subscriber else now,
    )
    record_decision(
        lead=lead,
        actor=sender,
        kind=f"agent.{kind}",
        reason=f"{sender} told {recipient}: {reason}",
        now=now,
        agent_message=message.pk,
        **context,
    )
    if has_subscriber:
        kick(_delivery_task())
    return message


def has_due_agent_messages(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(AgentMessage.objects.filter(due_at__lte=now))


def deliver_one_due_agent_message(now: datetime) -> bool:
    """Let the subscriber act on the oldest undelivered message; False when there is none."""
    with across_workspaces():
        message = _begin_attempt(now)
    if message is None:
        return False
    with workspace_scope(message.workspace_id):
        try:
            _deliver(message, now)
        except Exception as error:
            logger.exception("agent_message.failed", extra={"agent_message": message.pk})
            if message.attempts_made >= MAX_ATTEMPTS:
                _park(message, error, now)
    return True


@transaction.atomic
def _begin_attempt(now: datetime) -> AgentMessage | None:
    """Count the attempt and let the message rest: should the process die in the work, this is what is left."""
    message = (
        AgentMessage.objects.filter(due_at__lte=now)
        .select_related("lead")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("due_at", "id")
        .first()
    )
    if message is not None:
        message.attempts_made += 1
        message.due_at = now + retry_delay(message.attempts_made)
        message.save(update_fields=["attempts_made", "due_at"])
    return message


@transaction.atomic
def _deliver(message: AgentMessage, now: datetime) -> None:
    if not _is_ours(message):
        return
    if message.attempts_made > MAX_ATTEMPTS:
        raise WorkerDied
    _subscribers[message.recipient, message.kind](message, now)
    message.due_at, message.received_at = None, now
    message.save(update_fields=["due_at", "received_at"])


def _is_ours(message: AgentMessage) -> bool:
    """Lock it, unless another worker began a later attempt meanwhile: this one may have been paused."""
    tried_as_now = AgentMessage.objects.filter(pk=message.pk, due_at__isnull=False, attempts_made=message.attempts_made)
    return tried_as_now.select_for_update(no_key=True).first() is not None


@transaction.atomic
def _park(message: AgentMessage, error: Exception, now: datetime) -> None:
    if _is_ours(message):
        message.due_at = None
        message.save(update_fields=["due_at"])
        _call_for_help(message, now)


def _call_for_help(message: AgentMessage, now: datetime) -> None:
    """Nobody acts on it any more, and somebody may be waiting for a person because of it."""
    what = f"{message.sender} could not tell {message.recipient}: {message.reason}"
    record_decision(
        lead=message.lead, actor="coordinator", kind="agent.parked", reason=what, now=now, agent_message=message.pk
    )
    alert_staff(
        conversation=Conversation.objects.select_related("workspace").get(lead=message.lead),
        headline=f"{message.lead} needs you: the agents failed",
        text=what,
        key=f"agent_message:{message.pk}",
        now=now,
    )


def _delivery_task() -> Any:
    from .tasks import deliver_agent_messages

    return deliver_agent_messages
