"""What a model must answer, and the way from there to a Reading or a Strategy. Nothing is taken unchecked."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema

from agents.reasoning.ports import (
    Action,
    AnalystUnavailable,
    Failure,
    Intent,
    Level,
    Question,
    Reading,
    Strategy,
    Tier,
)
from agents.reasoning.rules import SUMMARY_LENGTH, base_language, choose_language

LONGEST_REPLY = 1500
_SPOKEN = frozenset({Action.REPLY, Action.ASK})
Shape = TypeVar("Shape", bound="Answer")


def _known_intent(value: Any) -> Any:
    return value if not isinstance(value, str) or value in set(Intent) else Intent.UNCLEAR


def _bounded(lowest: float, highest: float) -> BeforeValidator:
    def clamp(value: Any) -> Any:
        return max(lowest, min(highest, value)) if isinstance(value, int | float) else value

    return BeforeValidator(clamp)


def _one_of(choices: type[StrEnum]) -> WithJsonSchema:
    """Written out: not every compatible server resolves $ref."""
    return WithJsonSchema({"type": "string", "enum": [choice.value for choice in choices]})


class Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")


class ReadingAnswer(Answer):
    intent: Annotated[Intent, BeforeValidator(_known_intent), _one_of(Intent)]
    wants_human: bool
    opt_out: bool
    opt_in: bool
    priority: Annotated[Level, _one_of(Level)]
    sentiment: Annotated[float, _bounded(-1.0, 1.0)]
    urgency: Annotated[Level, _one_of(Level)]
    language: str
    confidence: Annotated[float, _bounded(0.0, 1.0)]
    summary: str


class StrategyAnswer(Answer):
    action: Annotated[Action, _one_of(Action)]
    reply: str | None = Field(...)
    reason: str
    cited: list[int]
    escalate: bool
    confidence: Annotated[float, _bounded(0.0, 1.0)]


BLANK: dict[type[Answer], str] = {
    ReadingAnswer: (
        '{"intent": "unclear", "wants_human": false, "opt_out": false, "opt_in": false, "priority": "low", '
        '"sentiment": 0, "urgency": "low", "language": "en", "confidence": 0, "summary": ""}'
    ),
    StrategyAnswer: (
        '{"action": "stay_silent", "reply": null, "reason": "", "cited": [], "escalate": false, "confidence": 0}'
    ),
}
"""Valid answers that say nothing, for a rehearsal without a model."""


@cache
def schema_of(shape: type[Answer]) -> dict[str, Any]:
    """In the strict subset: every property required, no others allowed."""
    schema = shape.model_json_schema()
    properties = {name: _bare(part) for name, part in schema["properties"].items()}
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _bare(part: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in part.items() if key not in {"title", "default"}}


def parse_answer(shape: type[Shape], content: str) -> Shape:
    """Servers that ignore the schema often wrap the object in prose or a code fence."""
    start, end = content.find("{"), content.rfind("}")
    if start < 0 or end < start:
        raise AnalystUnavailable(Failure.INVALID, "no JSON object in the answer")
    try:
        return shape.model_validate_json(content[start : end + 1])
    except ValidationError as error:
        raise AnalystUnavailable(Failure.INVALID, _flaws(error)) from error


def _flaws(error: ValidationError) -> str:
    """The fields only: values are the model's words, and may be the customer's."""
    flaws = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, flaw['loc']))}: {flaw['msg']}" for flaw in flaws[:5])


def to_reading(answer: ReadingAnswer, question: Question) -> Reading:
    return Reading(
        intent=answer.intent,
        wants_human=answer.wants_human,
        opt_out=answer.opt_out,
        opt_in=answer.opt_in,
        priority=Level.HIGH if question.is_vip else answer.priority,
        sentiment=answer.sentiment,
        urgency=answer.urgency,
        language=_language(answer.language, question),
        confidence=answer.confidence,
        summary=answer.summary.strip()[:SUMMARY_LENGTH],
        tier=Tier.CREW,
    )


def to_strategy(answer: StrategyAnswer, question: Question) -> Strategy:
    reply = (answer.reply or "").replace("\x00", "").strip() if answer.action in _SPOKEN else ""
    if answer.action in _SPOKEN and not reply:
        raise AnalystUnavailable(Failure.INVALID, "the reply is empty")
    if len(reply) > LONGEST_REPLY:
        raise AnalystUnavailable(Failure.INVALID, f"the reply is longer than {LONGEST_REPLY} characters")
    return Strategy(
        action=answer.action,
        reply=reply or None,
        reason=answer.reason.strip()[:500] or "no reason given",
        cited=_real_sources(answer.cited, question),
        escalate=answer.escalate,
        confidence=answer.confidence,
    )


def _language(code: str, question: Question) -> str:
    language = base_language(code.strip()) or ""
    return language if language.isalpha() and len(language) in (2, 3) else choose_language(question)


def _real_sources(cited: Sequence[int], question: Question) -> tuple[int, ...]:
    known = {source.id for source in question.sources}
    return tuple(dict.fromkeys(number for number in cited if number in known))
