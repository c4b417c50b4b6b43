"""What a merge of two leads means for the agents: nobody may be thinking about either of them."""

from datetime import datetime

from agents.models import AgentMessage, Turn
from agents.models.turns import TurnState
from messaging.merging import MergeRule, Pair


class AgentsRule(MergeRule):
    def obstacle(self, pair: Pair) -> str:
        both = [pair.kept, pair.gone]
        thinking = Turn.objects.filter(lead__in=both, state=TurnState.TAKEN)
        telling = AgentMessage.objects.filter(lead__in=both, due_at__isnull=False)
        if thinking.exists() or telling.exists():
            return "The agents are at work on one of them. Try again in a moment."
        return ""

    def settle(self, pair: Pair, now: datetime) -> None:
        """A turn that rests is given up; what it was to answer is answered where the conversation goes on."""
        gone = pair.gone_conversation
        if gone is None:
            return
        for turn in Turn.objects.filter(conversation=gone, state=TurnState.WAITING):
            turn.state, turn.finished_at, turn.reason = TurnState.DONE, now, "The lead was merged into another."
            turn.save(update_fields=["state", "finished_at", "reason"])
            gone.unanswered_since = gone.unanswered_since or turn.opened_at
            gone.turn_due_at = gone.turn_due_at or now
