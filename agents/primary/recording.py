"""What the trail and the turn keep of a decision: who thought, on what, what was not said, at what cost."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from agents.models import Turn
from agents.reasoning.ports import Analysis, Usage
from crm.services.trail import record_decision
from messaging.models import Conversation

from .policy import Decision, Step


def record_turn(
    turn: Turn, conversation: Conversation, decision: Decision, analysis: Analysis | None, now: datetime
) -> None:
    record_decision(
        lead=conversation.lead,
        actor="primary",
        kind="turn.decided",
        reason=f"{SAID[decision.step]}: {decision.reason}",
        now=now,
        turn=turn.pk,
        step=decision.step,
        message=str(turn.newest_id),
        **summary_of(analysis, decision),
    )


def record_withheld(turn: Turn, conversation: Conversation, analysis: Analysis | None, now: datetime) -> None:
    if analysis is None or not analysis.breaches:
        return
    record_decision(
        lead=conversation.lead,
        actor="primary",
        kind="reply.withheld",
        reason=f"A draft was not sent: {'; '.join(analysis.breaches)}.",
        now=now,
        turn=turn.pk,
        draft=analysis.withheld,
    )


SAID = {
    Step.REPLY: "Answered",
    Step.STAY_SILENT: "Stayed silent",
    Step.HAND_OVER: "Asked for a person",
    Step.OPT_OUT: "Recorded an opt-out",
    Step.OPT_IN: "Recorded an opt-in",
}


def summary_of(analysis: Analysis | None, decision: Decision) -> dict[str, Any]:
    """What the trail keeps of an analysis: which tier thought, what it understood, what it cost.

    `tier` is who found the answer, `read_by` who understood the message.
    """
    if analysis is None:
        return {"tier": "explicit", "read_by": decision.read_by, "read_ms": decision.read_ms}
    reading = analysis.reading
    return {
        "tier": str(analysis.tier),
        "fallback": analysis.fallback_reason,
        "economy": analysis.economy,
        "read_by": str(reading.tier),
        "route": str(reading.route),
        "intent": str(reading.intent),
        "raw_intent": reading.raw_intent,
        "priority": str(reading.priority),
        "urgency": str(reading.urgency),
        "sentiment": reading.sentiment,
        "language": reading.language,
        "confidence": reading.confidence,
        "summary": reading.summary,
        "cited": _refs(analysis),
        "sources": [f"{source.ref or source.id}: {source.title[:120]}" for source in analysis.sources],
        "tools": list(analysis.calls),
        "withheld": list(analysis.breaches),
        "draft": analysis.withheld or analysis.strategy.draft,
        "next_step": analysis.strategy.next_step,
        **_spent(analysis.usage),
    }


def _spent(usage: Usage) -> dict[str, Any]:
    """The sums, and each call by itself."""
    sums = asdict(usage)
    return {"calls": sums.pop("log"), "cost": sums.pop("cost"), "usage": sums}


def _refs(analysis: Analysis) -> list[str | int]:
    """The rows behind what was cited: an entry, a passage of a document, a product."""
    refs = {source.id: source.ref for source in analysis.sources}
    return [refs.get(number) or number for number in analysis.strategy.cited]
