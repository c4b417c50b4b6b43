"""The figures of the quality page, the API and the command: a few grouped queries over a span of time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Avg, Count, Q, QuerySet

from agents.models import TurnQuality
from crm.models import Workspace
from handover.models import Handover
from messaging.models import Message
from messaging.models.messages import Direction, Voice

SPANS = (7, 30, 90)
UNANSWERED = ("beyond_knowledge", "low_confidence")
"""Triggers of a handover for a question that nobody had told the agent the answer to."""

COLUMNS = ("coherence", "groundedness", "appropriateness", "sentiment_trend")


@dataclass(frozen=True, slots=True)
class IntentLine:
    """Of one intent: how its turns ended (counts), and the means of the checks."""

    intent: str
    turns: int
    replied: int
    handed_over: int
    silent: int
    flawed: int
    coherence: float | None
    groundedness: float | None
    appropriateness: float | None
    sentiment_trend: float | None


@dataclass(frozen=True, slots=True)
class TriggerLine:
    """Of one trigger: handovers, and of those judged how many were needed."""

    trigger: str
    handovers: int
    judged: int
    needed: int

    @property
    def precision(self) -> int | None:
        return round(100 * self.needed / self.judged) if self.judged else None


@dataclass(frozen=True, slots=True)
class Report:
    """`alone` are conversations in which the agent spoke and no person was asked for or spoke."""

    days: int
    conversations: int
    alone: int
    turns: int
    without_model: int
    flawed: int
    unanswered: int
    intents: tuple[IntentLine, ...]
    triggers: tuple[TriggerLine, ...]

    @property
    def share_alone(self) -> int | None:
        return round(100 * self.alone / self.conversations) if self.conversations else None

    @property
    def share_without_model(self) -> int | None:
        return round(100 * self.without_model / self.turns) if self.turns else None

    @property
    def precision(self) -> int | None:
        judged = sum(line.judged for line in self.triggers)
        return round(100 * sum(line.needed for line in self.triggers) / judged) if judged else None


def read_report(*, workspace: Workspace, days: int, now: datetime) -> Report:
    since = now - timedelta(days=days)
    judged = TurnQuality.objects.filter(workspace=workspace, at__gt=since)
    intents = tuple(_intents(judged))
    conversations, alone = _resolved_alone(workspace, since)
    return Report(
        days=days,
        conversations=conversations,
        alone=alone,
        turns=sum(line.turns for line in intents),
        without_model=judged.exclude(tier="crew").count(),
        flawed=sum(line.flawed for line in intents),
        unanswered=Handover.objects.filter(workspace=workspace, requested_at__gt=since, trigger__in=UNANSWERED).count(),
        intents=intents,
        triggers=tuple(_triggers(workspace, since)),
    )


def _intents(judged: QuerySet[TurnQuality]) -> list[IntentLine]:
    rows = (
        judged.values("intent")
        .annotate(
            turns=Count("id"),
            replied=Count("id", filter=Q(step="reply")),
            handed_over=Count("id", filter=Q(step="hand_over")),
            silent=Count("id", filter=Q(step="stay_silent")),
            flawed=Count("id", filter=~Q(flaws=[])),
            **{f"mean_{column}": Avg(column) for column in COLUMNS},
        )
        .order_by("-turns", "intent")
    )
    return [_intent_line(dict(row)) for row in rows]


def _intent_line(row: dict[str, Any]) -> IntentLine:
    means = {column: row.pop(f"mean_{column}") for column in COLUMNS}
    figures: dict[str, Any] = {name: None if mean is None else round(mean, 2) for name, mean in means.items()}
    return IntentLine(**{**row, **figures, "intent": row["intent"] or "not read"})


def _triggers(workspace: Workspace, since: datetime) -> list[TriggerLine]:
    rows = (
        Handover.objects.filter(workspace=workspace, requested_at__gt=since)
        .values("trigger")
        .annotate(
            handovers=Count("id"),
            judged=Count("verdict"),
            needed=Count("verdict", filter=Q(verdict__was_needed=True)),
        )
        .order_by("-handovers", "trigger")
    )
    return [TriggerLine(**row) for row in rows]


def _resolved_alone(workspace: Workspace, since: datetime) -> tuple[int, int]:
    """Conversations in which the agent spoke, and those of them that no person had to touch."""
    spoke = Message.objects.filter(workspace=workspace, direction=Direction.OUT, at__gt=since)
    by_agent = set(spoke.filter(voice=Voice.AI).values_list("conversation", flat=True).distinct())
    by_person = set(spoke.filter(voice=Voice.HUMAN).values_list("conversation", flat=True).distinct())
    asked = Handover.objects.filter(workspace=workspace, requested_at__gt=since)
    touched = by_person | set(asked.values_list("conversation", flat=True))
    return len(by_agent), len(by_agent - touched)


def handovers_to_judge(*, workspace: Workspace, limit: int = 20) -> list[Handover]:
    """Those that ended and that nobody has judged, the newest first."""
    ended = Handover.objects.filter(workspace=workspace, ended_at__isnull=False, verdict__isnull=True)
    return list(ended.select_related("lead").order_by("-requested_at")[:limit])


def worst_turns(*, workspace: Workspace, now: datetime, days: int, limit: int = 20) -> list[TurnQuality]:
    flawed = TurnQuality.objects.filter(workspace=workspace, at__gt=now - timedelta(days=days)).exclude(flaws=[])
    return list(flawed.select_related("turn__lead", "turn__reply").order_by("-at")[:limit])
