"""The handover monitor: what it does on news from the other agents."""

from datetime import datetime

from agents import bus
from agents.models import AgentMessage
from agents.models.framework import Agent, AgentMessageKind
from crm.services.trail import record_decision
from messaging.models import Conversation, Message
from messaging.models.conversations import ConversationStatus
from messaging.services.conversations import lock_conversation, next_seq

from .models.handovers import HandoverState
from .services.handovers import end_handover, open_handover, request_handover, stand_down, who_answered

ENDINGS = {
    "answered": HandoverState.ANSWERED,
    "resolved": HandoverState.RESOLVED,
    "returned": HandoverState.RETURNED,
}


def subscribe() -> None:
    bus.subscribe(Agent.MONITOR, AgentMessageKind.HANDOVER_REQUEST, start_ladder)
    bus.subscribe(Agent.MONITOR, AgentMessageKind.STATE_SYNC, end_ladder)


def start_ladder(message: AgentMessage, now: datetime) -> None:
    """`handover_request` from the primary agent. A person who answered meanwhile made it needless."""
    context = message.context
    conversation = lock_conversation(context["conversation"])
    if settled := _settled_by(conversation, message):
        _leave_it(conversation, settled, now)
        return
    request_handover(
        conversation=conversation,
        trigger=context["trigger"],
        reason=message.reason,
        request=context["request"],
        urgency=context["urgency"],
        requested_by=Message.objects.filter(pk=context["message"]).first(),
        now=now,
        requested_at=message.at,
    )


def _settled_by(conversation: Conversation, request: AgentMessage) -> str:
    """What made the request needless while it was on its way; empty when nothing did."""
    if person := who_answered(conversation, since=request.at):
        return f"{person} answered meanwhile"
    if conversation.status == ConversationStatus.RESOLVED:
        return "the conversation was resolved meanwhile"
    return ""


def _leave_it(conversation: Conversation, why: str, now: datetime) -> None:
    record_decision(
        lead=conversation.lead,
        actor="monitor",
        kind="handover.not_needed",
        reason=f"No handover was opened: {why}.",
        now=now,
    )
    if open_handover(conversation) is None:
        stand_down(conversation, why, now)
    next_seq(conversation)


def end_ladder(message: AgentMessage, now: datetime) -> None:
    """`state_sync` from the coordinator: a person answered, resolved or returned the conversation."""
    handover = open_handover(Conversation.objects.get(pk=message.context["conversation"]))
    if handover is not None and handover.requested_at <= message.at:
        end_handover(handover=handover, state=ENDINGS[message.context["event"]], reason=message.reason, now=now)
