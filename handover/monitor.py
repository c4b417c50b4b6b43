"""The handover monitor: what it does on news from the other agents."""

from datetime import datetime

from agents import bus
from agents.models import AgentMessage
from agents.models.framework import Agent, AgentMessageKind
from messaging.models import Conversation, Message

from .models.handovers import HandoverState
from .services.handovers import answer_since, end_handover, open_handover, request_handover

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
    conversation = Conversation.objects.get(pk=context["conversation"])
    if answer_since(conversation, message.at):
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


def end_ladder(message: AgentMessage, now: datetime) -> None:
    """`state_sync` from the coordinator: a person answered, resolved or returned the conversation."""
    handover = open_handover(Conversation.objects.get(pk=message.context["conversation"]))
    if handover is not None and handover.requested_at <= message.at:
        end_handover(handover=handover, state=ENDINGS[message.context["event"]], reason=message.reason, now=now)
