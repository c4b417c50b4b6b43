"""What the primary agent does: a pure function of the situation and the analysis."""

from dataclasses import dataclass
from enum import StrEnum

from agents.reasoning.ports import Action, Analysis, Intent, Level

from .situation import Situation

NEGATIVE = -0.3
NEGATIVE_STREAK = 3
"""Messages in a row below NEGATIVE after which a person is asked for."""

LOW_CONFIDENCE = 0.3

SURE_OF_OPT_OUT = 0.8
"""Below this a model's opinion alone does not silence us for good; the customer's own plain words always do."""

ALERTING_INTENTS = {Intent.COMPLAINT, Intent.PURCHASE_INTENT, Intent.CANCELLATION}


class Step(StrEnum):
    REPLY = "reply"
    HAND_OVER = "hand_over"
    STAY_SILENT = "stay_silent"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


@dataclass(frozen=True, slots=True)
class Decision:
    """`trigger` is set with HAND_OVER; `alert` tells a person at once although the agent answers."""

    step: Step
    reason: str
    text: str = ""
    trigger: str = ""
    alert: str = ""
    is_urgent: bool = False


def decide_explicit(situation: Situation, silenced: str) -> Decision | None:
    """What never depends on a model: opting out or in, and silence while a person is in charge."""
    said = situation.explicit
    if said.opt_out and not said.wants_human:
        return Decision(Step.OPT_OUT, f"The customer wrote “{situation.explicit.matched}”.")
    if said.opt_in and situation.is_opted_out:
        return Decision(Step.OPT_IN, f"The customer wrote “{situation.explicit.matched}”.")
    if silenced:
        return Decision(Step.STAY_SILENT, silenced)
    return None


def decide(situation: Situation, analysis: Analysis) -> Decision:
    """Reply, hand over, alert or stay silent, with the reason."""
    reading, strategy = analysis.reading, analysis.strategy
    is_urgent = reading.urgency == Level.HIGH
    if reading.wants_human or situation.explicit.wants_human:
        why = "The customer asked for a person."
        return Decision(Step.HAND_OVER, why, trigger="explicit_request", is_urgent=is_urgent)
    if reading.opt_out and reading.confidence >= SURE_OF_OPT_OUT:
        return Decision(Step.OPT_OUT, "The customer asked for no more messages.")
    if _is_negative_streak(situation, reading.sentiment):
        why = f"{NEGATIVE_STREAK} negative messages in a row."
        return Decision(Step.HAND_OVER, why, trigger="negative_streak", is_urgent=True)
    if strategy.action == Action.HAND_OVER:
        return Decision(
            Step.HAND_OVER,
            strategy.reason or "The question is beyond what the agent knows.",
            trigger="beyond_knowledge" if reading.confidence >= LOW_CONFIDENCE else "low_confidence",
            is_urgent=is_urgent,
        )
    if strategy.action == Action.STAY_SILENT or not strategy.reply:
        return Decision(Step.STAY_SILENT, strategy.reason or "Nothing needs an answer.")
    return Decision(Step.REPLY, strategy.reason, text=strategy.reply, alert=_alert(situation, analysis))


def _is_negative_streak(situation: Situation, sentiment: float) -> bool:
    streak = (sentiment, *situation.past_sentiments)[:NEGATIVE_STREAK]
    return len(streak) == NEGATIVE_STREAK and all(value <= NEGATIVE for value in streak)


def _alert(situation: Situation, analysis: Analysis) -> str:
    """Why a person should look although the agent answers; empty when none needs to."""
    if analysis.reading.intent in ALERTING_INTENTS:
        return analysis.reading.intent.replace("_", " ")
    if situation.is_vip and analysis.reading.priority == Level.HIGH:
        return "a VIP with a high priority"
    return "the strategy analyst advises it" if analysis.strategy.escalate else ""
