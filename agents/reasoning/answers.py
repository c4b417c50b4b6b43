"""What a model must answer, and the way from there to a Reading or a Strategy. Nothing is taken unchecked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, WithJsonSchema, field_validator

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
    ToolWish,
)
from agents.reasoning.rules import SUMMARY_LENGTH, base_language, choose_language

LONGEST_REPLY = 1500
LONGEST_RAW = 64
_NUMBER = re.compile(r"\d+")
_SPOKEN = frozenset({Action.REPLY, Action.ASK})
Shape = TypeVar("Shape", bound=BaseModel)


def _bounded(lowest: float, highest: float) -> BeforeValidator:
    def clamp(value: Any) -> Any:
        return max(lowest, min(highest, value)) if isinstance(value, int | float) else value

    return BeforeValidator(clamp)


def _one_of(choices: type[StrEnum]) -> WithJsonSchema:
    """Written out: not every compatible server resolves $ref."""
    return WithJsonSchema({"type": "string", "enum": [choice.value for choice in choices]})


class Answer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    @field_validator("*", mode="before")
    @classmethod
    def _can_be_stored(cls, value: Any) -> Any:
        """PostgreSQL holds no NUL, neither in text nor in JSON."""
        return value.replace("\x00", "") if isinstance(value, str) else value


class ReadingAnswer(Answer):
    """An unknown intent is kept as the model said it, for the trail; it counts as unclear."""

    intent: Annotated[str, _one_of(Intent)]
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
    next_step: str = ""
    confidence: Annotated[float, _bounded(0.0, 1.0)]
    tool_name: str | None = None
    tool_arguments: str | None = None


class ReplyAnswer(Answer):
    reply: str


BLANK: dict[type[BaseModel], str] = {
    ReadingAnswer: (
        '{"intent": "unclear", "wants_human": false, "opt_out": false, "opt_in": false, "priority": "low", '
        '"sentiment": 0, "urgency": "low", "language": "en", "confidence": 0, "summary": ""}'
    ),
    StrategyAnswer: (
        '{"action": "stay_silent", "reply": null, "reason": "", "cited": [], "escalate": false, "next_step": "", '
        '"confidence": 0}'
    ),
    ReplyAnswer: '{"reply": ""}',
}
"""Valid answers that say nothing, for a rehearsal without a model."""


_UNTOLD = frozenset({"title", "default", "examples", "$defs", "minLength", "maxLength"})
"""Not in the strict subset, or of no use to a model. What they demand is checked when the answer is parsed."""


@cache
def schema_of(shape: type[BaseModel]) -> dict[str, Any]:
    """In the strict subset: no reference, every property required, no others allowed."""
    schema = shape.model_json_schema()
    return _strict(schema, schema.get("$defs", {}))


def _strict(part: Mapping[str, Any], named: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in part:
        part = {**named[part["$ref"].rpartition("/")[2]], **{key: part[key] for key in part if key != "$ref"}}
    told = {key: _strict_within(key, value, named) for key, value in part.items() if key not in _UNTOLD}
    if "properties" in told:
        told |= {"required": list(told["properties"]), "additionalProperties": False}
    return told


def _strict_within(key: str, value: Any, named: Mapping[str, Any]) -> Any:
    if key == "properties":
        return {name: _strict(part, named) for name, part in value.items()}
    if isinstance(value, list):
        return [_strict(part, named) if isinstance(part, dict) else part for part in value]
    return _strict(value, named) if isinstance(value, dict) else value


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
    is_known = answer.intent in set(Intent)
    return Reading(
        intent=Intent(answer.intent) if is_known else Intent.UNCLEAR,
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
        raw_intent="" if is_known else answer.intent[:LONGEST_RAW],
    )


def to_strategy(answer: StrategyAnswer, question: Question) -> Strategy:
    if answer.tool_name and question.tools:
        wish = to_wish(answer.tool_name, answer.tool_arguments)
        return Strategy(Action.STAY_SILENT, None, f"asks for {wish.name}", tool=wish)
    return Strategy(
        action=answer.action,
        reply=_sendable(answer.reply or "") if answer.action in _SPOKEN else None,
        reason=answer.reason.strip()[:500] or "no reason given",
        cited=_real_sources(answer.cited, question),
        escalate=answer.escalate,
        confidence=answer.confidence,
        next_step=answer.next_step.strip()[:300],
    )


def to_reply(answer: ReplyAnswer, question: Question, plan: Strategy) -> str:
    """The writer chooses the words, not the facts: a number that neither draft nor source has is an invention."""
    reply = _sendable(answer.reply)
    sources = (f"{source.title} {source.text}" for source in question.sources)
    known = " ".join([plan.reply or "", question.text, *sources])
    if invented := set(_NUMBER.findall(reply)) - set(_NUMBER.findall(known)):
        raise AnalystUnavailable(Failure.INVALID, f"the reply has {len(invented)} numbers that the draft has not")
    return reply


def _sendable(text: str) -> str:
    reply = text.replace("\x00", "").strip()
    if not reply:
        raise AnalystUnavailable(Failure.INVALID, "the reply is empty")
    if len(reply) > LONGEST_REPLY:
        raise AnalystUnavailable(Failure.INVALID, f"the reply is longer than {LONGEST_REPLY} characters")
    return reply


def to_wish(name: str, arguments: str | None) -> ToolWish:
    """The strict subset of JSON schema knows no free objects, so the inputs travel as text."""
    try:
        content = json.loads(arguments or "{}")
    except (ValueError, RecursionError):
        content = None
    if isinstance(content, dict):
        return ToolWish(name.strip()[:64], content)
    return ToolWish(name.strip()[:64], {}, flaw="tool_arguments is not a JSON object")


def _language(code: str, question: Question) -> str:
    language = base_language(code.strip()) or ""
    return language if language.isalpha() and len(language) in (2, 3) else choose_language(question)


def _real_sources(cited: Sequence[int], question: Question) -> tuple[int, ...]:
    known = {source.id for source in question.sources}
    return tuple(dict.fromkeys(number for number in cited if number in known))
