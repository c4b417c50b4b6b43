"""What a merge of two leads means for those who wait for a person: one request stays open, and the agents know it."""

from datetime import datetime

from agents.coordinator import sync_states
from agents.models.framework import Agent, State
from agents.states import states_of
from handover.models import Handover
from handover.models.handovers import HandoverState
from messaging.floor import current_floor
from messaging.merging import MergeRule, Pair
from messaging.models import Conversation

from .services.handovers import end_handover, open_handover, stand_down

WAITED = "the same person, whose two conversations became one, waits already"


class HandoverRule(MergeRule):
    def settle(self, pair: Pair, now: datetime) -> None:
        """Of two requests the one that waits for an answer goes on, of two such the older one."""
        found = [open_handover(conversation) for conversation in pair.conversations]
        both = sorted((handover for handover in found if handover is not None), key=_urgency)
        for later in both[1:]:
            end_handover(handover=later, state=HandoverState.RENEWED, reason=WAITED, now=now)

    def arrange(self, conversation: Conversation, now: datetime) -> None:
        handover = open_handover(conversation)
        if handover is not None and handover.state == HandoverState.WAITING:
            sync_states(conversation, _waiting_states(conversation), "they wait for a person", now)
        elif handover is None and _is_waiting(conversation):
            stand_down(conversation, "nobody waits for a person here", now)


def _urgency(handover: Handover) -> tuple[bool, datetime]:
    return handover.state != HandoverState.WAITING, handover.requested_at


def _waiting_states(conversation: Conversation) -> dict[Agent, State]:
    floor = current_floor(conversation.lead_id)
    is_held = floor is not None and floor.holder == "human" and floor.expires_at is None
    primary = State.DISABLED if is_held else State.HANDOVER
    states = {Agent.PRIMARY: primary, Agent.MONITOR: State.ACTIVE}
    return (
        states
        if states_of(conversation.lead)[Agent.BRIDGE] == State.ACTIVE
        else {**states, Agent.BRIDGE: State.STANDBY}
    )


def _is_waiting(conversation: Conversation) -> bool:
    states = states_of(conversation.lead)
    return states[Agent.MONITOR] == State.ACTIVE or states[Agent.PRIMARY] == State.HANDOVER
