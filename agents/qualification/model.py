"""Extraction by a model. Its answer is untrusted text: every value is bounded, and must stand in the words it cites."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from agents.reasoning.text import fold
from agents.spending.asking import ask_for_workspace
from agents.spending.calls import About
from crm.models import Workspace
from project.kernel.errors import WrongValues

from .fields import FIELDS, INDUSTRIES, LEVELS, LONGEST_WORDS, cleaned, tidy
from .findings import Finding, Findings, Said

MOST_FACTS = 20
MOST_TAGS = 5
LONGEST_LINE = 1200
LONGEST_REASON = 160
SUREST = 0.85
"""A model's own confidence is worth no more than this."""

GUESSED = ("industry", "technical_level", "urgency")
"""Their values are words of ours, so they need not stand in the customer's message."""


class FactAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    field: str
    value: str
    message: int
    confidence: float


class ExtractionAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore")

    facts: list[FactAnswer]
    engagement_score: int
    intent_score: int
    fit_score: int
    tags: list[str]
    notify_human: bool
    notify_reason: str
    follow_up_on: str


def extract_by_model(
    said: Sequence[Said],
    *,
    plain: Findings,
    workspace: Workspace,
    about: About,
    budget_seconds: float,
    now: datetime,
) -> Findings:
    """What the model understood, over what the plain words told, on the workspace's bill. Raises AnalystUnavailable."""
    inputs = {
        "workspace": workspace.name,
        "business": workspace.business[:2000],
        "known": "\n".join(f"{fact.field}: {fact.value}" for fact in plain.facts) or "(nothing)",
        "messages": "\n".join(f"[{number}] {_line(each)}" for number, each in enumerate(said, 1)),
        "industries": ", ".join(INDUSTRIES),
        "levels": ", ".join(LEVELS),
        "today": f"{now:%A, %d %B %Y}",
    }
    answer = ask_for_workspace(
        "extraction",
        inputs,
        ExtractionAnswer,
        workspace=workspace,
        about=about,
        budget_seconds=budget_seconds,
        now=now,
    )
    return merge_answer(answer, said, plain)


def merge_answer(answer: ExtractionAnswer, said: Sequence[Said], plain: Findings) -> Findings:
    """The customer's plain words stand where the model says otherwise. Pure."""
    facts = {fact.field: fact for fact in _trusted(answer.facts[:MOST_FACTS], said)}
    facts |= {fact.field: fact for fact in plain.facts}
    return replace(
        plain,
        facts=tuple(facts.values()),
        tags=(*plain.tags, *_tags(answer.tags)),
        opinion=_opinion(answer),
        notify=_reason(answer),
        follow_up_on=_date(answer.follow_up_on),
    )


def _line(message: Said) -> str:
    return tidy(message.text)[:LONGEST_LINE]


def _trusted(facts: Iterable[FactAnswer], said: Sequence[Said]) -> Iterable[Finding]:
    for fact in facts:
        if fact.field in FIELDS and (finding := _checked(fact, said)):
            yield finding


def _checked(fact: FactAnswer, said: Sequence[Said]) -> Finding | None:
    """None for a value that cannot be stored, or that no message of the customer holds."""
    try:
        value = cleaned(fact.field, fact.value)
    except WrongValues:
        return None
    source = _source_of(fact, value, said)
    if not value or source is None:
        return None
    confidence = round(max(0.0, min(SUREST, fact.confidence)), 2)
    return Finding(fact.field, value, source.message_id, _line(source)[:LONGEST_WORDS], confidence, "model")


def _source_of(fact: FactAnswer, value: str, said: Sequence[Said]) -> Said | None:
    cited = said[fact.message - 1] if 0 < fact.message <= len(said) else None
    if fact.field in GUESSED:
        return cited
    candidates = [cited, *reversed(said)] if cited else list(reversed(said))
    return next((message for message in candidates if _holds(message.text, fact.value, value)), None)


def _holds(text: str, typed: str, value: str) -> bool:
    """Every word of the value, in one spelling; of a number its digits."""
    if re.fullmatch(r"\+\d{6,}", value):
        return re.sub(r"\D", "", typed)[-7:] in re.sub(r"\D", "", text)
    words = re.findall(r"[^\W_]+", fold(typed))
    held = set(re.findall(r"[^\W_]+", fold(text)))
    return bool(words) and held.issuperset(words)


def _tags(tags: Sequence[str]) -> Iterable[str]:
    """Plain words only: a tag stands in lists and exports."""
    named = (re.sub(r"[^\w -]", "", tidy(tag))[:40] for tag in tags[:MOST_TAGS])
    return [tag for tag in named if tag]


def _opinion(answer: ExtractionAnswer) -> dict[str, int]:
    scores = {"engagement": answer.engagement_score, "intent": answer.intent_score, "fit": answer.fit_score}
    return {name: max(0, min(100, score)) for name, score in scores.items()}


def _reason(answer: ExtractionAnswer) -> str:
    return (tidy(answer.notify_reason)[:LONGEST_REASON] or "worth a look") if answer.notify_human else ""


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return None
