"""What is kept of a turn: the shape of `Turn.analysis`, written when the turn ends and read by the trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from agents.reasoning.ports import Analysis

from .policy import Decision
from .situation import Situation


@dataclass(frozen=True, slots=True)
class TurnRecord:
    """One turn. Every field may be missing: older turns have fewer, and a turn that needed no analyst has almost none.

    Others add keys of their own (a router's cost, tools, guardrails); those that are not named here stand in `others`,
    and the trail shows them to engineers.
    """

    tier: str = ""
    """Which tier decided: explicit, exact, rules, trained, offline or crew."""
    fallback: str = ""
    """Why no model answered although one was wanted."""
    intent: str = ""
    priority: str = ""
    urgency: str = ""
    sentiment: float | None = None
    language: str = ""
    confidence: float | None = None
    summary: str = ""
    action: str = ""
    """What the strategy analyst advised."""
    advice: str = ""
    """Its reason."""
    cited: tuple[str, ...] = ()
    """References of the sources that the reply uses, of those in `sources`."""
    messages: int = 0
    """How many messages of the conversation were read."""
    said: str = ""
    """What the customer had written, as the analysts were given it (cut)."""
    sources: tuple[tuple[str, str], ...] = ()
    """Knowledge that was found: reference and title. Stored as pairs, or as “reference: title”."""
    drafts: tuple[str, ...] = ()
    """Replies as they were proposed; the last one may differ from what was said."""
    draft: str = ""
    """What was to be said before it was put in other words, or withheld."""
    withheld: tuple[str, ...] = ()
    """Why drafts were not said."""
    next_step: str = ""
    """Advice to the team."""
    economy: str = ""
    """Why less was asked of a model than usual."""
    read_by: str = ""
    """The tier that understood the message, where another one found the answer."""
    route: str = ""
    asked_for: str = ""
    """The fact of the lead that the reply asks for."""
    tools: tuple[Any, ...] = ()
    guardrails: tuple[Any, ...] = ()
    calls: tuple[Mapping[str, Any], ...] = ()
    """Each call of a model: crew, model, tokens, seconds, cost, outcome."""
    usage: Mapping[str, Any] = field(default_factory=dict)
    """Sums over the calls: calls, prompt_tokens, completion_tokens, seconds, prompts_version."""
    cost: float | None = None
    others: Mapping[str, Any] = field(default_factory=dict)


_KNOWN = {each.name: each.default for each in fields(TurnRecord) if each.name != "others"}
_LISTS = frozenset({"cited", "sources", "drafts", "tools", "guardrails", "calls", "withheld"})
LONGEST_TEXT = 2000


def read_record(analysis: Any) -> TurnRecord:
    """From the stored JSON, whoever wrote it and whenever: what does not have the expected kind is left out."""
    if not isinstance(analysis, dict):
        return TurnRecord()
    known = {name: value for name in _KNOWN if (value := _fitting(name, analysis.get(name))) is not None}
    return TurnRecord(**known, others={name: value for name, value in analysis.items() if name not in _KNOWN})


def _fitting(name: str, value: Any) -> Any:
    if name in _LISTS:
        return tuple(_item(name, item) for item in value if _is_item(name, item)) if isinstance(value, list) else None
    if name == "usage":
        return value if isinstance(value, dict) else None
    if name in ("sentiment", "confidence", "cost"):
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if name == "messages":
        return value if isinstance(value, int) else None
    return value if isinstance(value, str) else None


def _is_item(name: str, item: Any) -> bool:
    match name:
        case "cited":
            return isinstance(item, int | str)
        case "sources":
            return isinstance(item, str) or (isinstance(item, list | tuple) and len(item) == 2)
        case "calls":
            return isinstance(item, dict)
        case "drafts" | "withheld":
            return isinstance(item, str)
    return True


def _item(name: str, item: Any) -> Any:
    match name:
        case "cited":
            return str(item)
        case "sources" if isinstance(item, str):
            reference, _, title = item.partition(": ")
            return (reference, title or reference)
        case "sources":
            return (str(item[0]), str(item[1]))
    return item


def describe_turn(
    summary: Mapping[str, Any], *, decision: Decision, situation: Situation | None, analysis: Analysis | None
) -> dict[str, Any]:
    """The JSON to store: the summary that the trail's line has as well, and what only the turn itself keeps."""
    kept: dict[str, Any] = {}
    if situation is not None:
        question = situation.question
        kept |= {
            "messages": len(question.history),
            "said": situation.text[:LONGEST_TEXT],
            "sources": [[source.id, source.title[:160]] for source in question.sources],
        }
    if analysis is not None:
        strategy = analysis.strategy
        kept |= {
            "action": str(strategy.action),
            "advice": strategy.reason[:500],
            "drafts": _drafts(strategy.draft, strategy.reply or "", decision.text),
        }
    if decision.asks_for:
        kept["asked_for"] = decision.asks_for
    return {**kept, **summary}


def _drafts(*texts: str) -> Sequence[str]:
    """What was proposed, and what was decided if that differs."""
    return list(dict.fromkeys(text[:LONGEST_TEXT] for text in texts if text))
