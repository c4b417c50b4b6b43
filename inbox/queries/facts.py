"""What is known of a lead and who says so; the scores and what they are made of; the tags."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from agents.models import LeadFact, LeadScore, LeadTag
from agents.models.qualification import FactSource
from agents.qualification.fields import FIELDS, Field
from crm.models import Lead
from inbox import words
from inbox.desk import Desk

LONGEST_HISTORY = 5
SCORES = {
    "engagement": ("Engagement", "deeds of 30 days, against as many of the weightiest"),
    "intent": ("Intent", "how near to buying they sound"),
    "fit": ("Fit", "how much of what matters is known"),
}


@dataclass(frozen=True, slots=True)
class Told:
    """One value with its source: current, or one that was said before or beside it."""

    value: str
    source: str
    words: str
    message: str


@dataclass(frozen=True, slots=True)
class FactLine:
    field: str
    label: str
    value: str
    told: Told | None
    history: tuple[Told, ...]
    choices: tuple[str, ...]
    is_confirmed: bool
    may_confirm: bool


@dataclass(frozen=True, slots=True)
class ScoreLine:
    name: str
    label: str
    about: str
    value: int
    parts: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class FactsPanel:
    known: tuple[FactLine, ...]
    missing: tuple[Field, ...]
    scores: tuple[ScoreLine, ...]
    tags: tuple[str, ...]


def read_facts(desk: Desk, lead: Lead, *, now: datetime) -> FactsPanel:
    """Three queries, whatever is known."""
    rows: dict[str, list[LeadFact]] = defaultdict(list)
    for row in LeadFact.objects.filter(lead=lead).select_related("user").order_by("-id"):
        rows[row.field].append(row)
    known = [_line(FIELDS[key], rows[key], desk, now) for key in FIELDS if rows.get(key)]
    shown = [line for line in known if line.value or line.history]
    held = {line.field for line in shown}
    return FactsPanel(
        known=tuple(shown),
        missing=tuple(field for key, field in FIELDS.items() if key not in held),
        scores=tuple(_scores(lead)),
        tags=tuple(LeadTag.objects.filter(lead=lead, removed_at=None).order_by("name").values_list("name", flat=True)),
    )


def _line(field: Field, rows: list[LeadFact], desk: Desk, now: datetime) -> FactLine:
    current = next((row for row in rows if row.superseded_at is None), None)
    by_person = current is not None and current.source == FactSource.PERSON
    return FactLine(
        field=field.key,
        label=field.label,
        value=current.value.replace("_", " ") if current and field.choices else current.value if current else "",
        told=_told(current, desk, now) if current else None,
        history=tuple(_told(row, desk, now) for row in rows if row is not current)[:LONGEST_HISTORY],
        choices=field.choices,
        is_confirmed=by_person,
        may_confirm=current is not None and bool(current.value) and not by_person,
    )


def _told(row: LeadFact, desk: Desk, now: datetime) -> Told:
    when = words.list_time(row.at, now, desk.zone)
    return Told(
        value=row.value or "taken away",
        source=f"{_who(row)}, {when}",
        words=row.words,
        message=f"m-{row.message_id}" if row.message_id else "",
    )


def _who(row: LeadFact) -> str:
    if row.source == FactSource.PERSON:
        return f"by {row.user}" if row.user else "by a colleague"
    sure = "sure" if row.confidence >= 0.8 else "likely" if row.confidence >= 0.6 else "unsure"
    return f"{FactSource(row.source).label}, {sure}"


def _scores(lead: Lead) -> Iterable[ScoreLine]:
    score = LeadScore.objects.filter(lead=lead).first()
    for name, (label, about) in SCORES.items() if score and score.computed_at else ():
        parts = score.parts.get(name, []) if score else []
        yield ScoreLine(name, label, about, getattr(score, name), tuple((what, points) for what, points in parts))
