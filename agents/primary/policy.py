"""What the primary agent does: a pure function of the situation and the analysis."""

from dataclasses import dataclass, replace
from enum import StrEnum

from agents.reasoning.explicit import Explicit
from agents.reasoning.guardrails import discount_asked_for
from agents.reasoning.guardrails_claims import read_claims
from agents.reasoning.language import detect_language
from agents.reasoning.ports import Action, Analysis, Intent, Level, Tier
from agents.tools import words

from .situation import Situation

NEGATIVE = -0.3
NEGATIVE_STREAK = 3
"""Messages in a row below NEGATIVE after which a person is asked for."""

LOW_CONFIDENCE = 0.3

SURE_OF_OPT_OUT = 0.8
"""Below this a model's opinion alone does not silence us for good; the customer's own plain words always do."""

ABUSE_ENDURED = 2
"""Abusive messages that are answered calmly; the next one goes to a person."""

QUESTIONS = frozenset(
    {Intent.PRODUCT_INQUIRY, Intent.PRICING, Intent.SUPPORT, Intent.BOOKING, Intent.OUT_OF_SCOPE, Intent.UNCLEAR}
)
"""What the knowledge should be able to answer: unanswered, they are put on the list for the team."""

IN_DISTRESS = "The customer may want to harm themselves"

ALERTING_INTENTS = {Intent.COMPLAINT, Intent.PURCHASE_INTENT, Intent.CANCELLATION}


class Step(StrEnum):
    REPLY = "reply"
    HAND_OVER = "hand_over"
    STAY_SILENT = "stay_silent"
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"


@dataclass(frozen=True, slots=True)
class Decision:
    """`trigger` is set with HAND_OVER, which may have a `text` to say first; `alert` tells a person at once although
    the agent answers; `asks_for` is what the words ask for, a fact of the lead; `is_unanswered`: the knowledge should
    have had an answer."""

    step: Step
    reason: str
    text: str = ""
    trigger: str = ""
    alert: str = ""
    is_urgent: bool = False
    read_by: str = ""
    read_ms: float = 0.0
    """Which tier heard the wish that decided this, and what that took."""
    asks_for: str = ""
    is_unanswered: bool = False


def decide_explicit(situation: Situation, silenced: str) -> Decision | None:
    """What never depends on a model: opting out or in, and silence while a person is in charge."""
    said = situation.explicit
    if situation.is_in_distress and said.tier is Tier.TRAINED and not silenced:
        return None  # “I don't want to live any more” only sounds like an opt-out
    if situation.is_in_distress and (silenced or (said.opt_out and not said.wants_human)):
        decided = _decide_said(situation, silenced)
        return replace(decided, alert=IN_DISTRESS) if decided else None
    return _decide_said(situation, silenced)


def decide_distress(situation: Situation) -> Decision:
    """Somebody may want to harm themselves: safe words at once, and a person, whatever a model would make of it."""
    language = situation.explicit.language or detect_language(situation.text, likely=situation.question.language)
    return Decision(
        Step.HAND_OVER,
        f"{IN_DISTRESS}.",
        text=words.say("distress", language or situation.question.language or "en"),
        trigger="explicit_request",
        is_urgent=True,
    )


def _decide_said(situation: Situation, silenced: str) -> Decision | None:
    said = situation.explicit
    if said.opt_out and not said.wants_human:
        return _as_told(Step.OPT_OUT, said)
    if said.opt_in and situation.is_opted_out:
        return _as_told(Step.OPT_IN, said)
    if situation.agrees_by_keyword:
        return Decision(Step.OPT_IN, "The customer wrote the word that agrees to news.", text="agreed")
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
    if _is_abused_again(situation, reading.intent):
        why = "The customer goes on being abusive."
        return Decision(Step.HAND_OVER, why, trigger="negative_streak", is_urgent=is_urgent)
    if asked := _discount_beyond_authority(situation, analysis):
        why = f"The customer asks for {asked:g} % off; the agents may speak of {situation.max_discount_percent:g} %."
        return Decision(Step.HAND_OVER, why, trigger="authority_exceeded", is_urgent=is_urgent)
    if strategy.action == Action.HAND_OVER:
        usual = "beyond_knowledge" if reading.confidence >= LOW_CONFIDENCE else "low_confidence"
        return Decision(
            Step.HAND_OVER,
            strategy.reason or "The question is beyond what the agent knows.",
            trigger=analysis.trigger or usual,
            is_urgent=is_urgent,
            is_unanswered=_is_unanswered(situation, analysis),
        )
    if strategy.action == Action.STAY_SILENT or not strategy.reply:
        return Decision(Step.STAY_SILENT, strategy.reason or "Nothing needs an answer.")
    return Decision(
        Step.REPLY,
        strategy.reason,
        text=strategy.reply,
        alert=_alert(situation, analysis),
        is_unanswered=strategy.action == Action.ASK and _is_unanswered(situation, analysis),
    )


def _is_abused_again(situation: Situation, intent: Intent) -> bool:
    endured = situation.past_intents.count(Intent.ABUSE)
    return intent is Intent.ABUSE and endured >= ABUSE_ENDURED


def _discount_beyond_authority(situation: Situation, analysis: Analysis) -> float | None:
    """A discount that the knowledge names is the company's own offer; any other has a limit."""
    asked = discount_asked_for(situation.text)
    if asked is None or asked <= situation.max_discount_percent:
        return None
    sources = analysis.sources or situation.question.sources
    offered = read_claims("\n".join(source.text for source in sources))
    return None if any(claim.kind == "percent" and float(claim.value) >= asked for claim in offered) else asked


def _is_unanswered(situation: Situation, analysis: Analysis) -> bool:
    """A question of ours to answer, for which neither the knowledge nor a tool had anything."""
    reading = analysis.reading
    if reading.intent not in QUESTIONS or analysis.strategy.cited or analysis.calls or analysis.trigger:
        return False
    return reading.intent is not Intent.UNCLEAR or any(sign in situation.text for sign in "?؟")


def _as_told(step: Step, said: Explicit) -> Decision:
    words = f"The customer wrote “{said.matched}”."
    return Decision(step, words, read_by=said.tier or "", read_ms=round(said.seconds * 1000, 2))


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
