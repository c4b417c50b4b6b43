"""What models cost a workspace, by day, model and crew, and how much was answered without one."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum

from agents.models import ModelCall, ModelDay, Turn
from agents.models.turns import TurnState
from agents.reasoning.ports import ANSWERED, CACHED, Tier
from crm.models import Workspace
from messaging.models import Conversation
from messaging.models.conversations import ConversationStatus
from project.kernel.errors import WrongValues

USUAL_DAYS = 30
LONGEST_DAYS = 366
DEAREST = 10


@dataclass(frozen=True, slots=True)
class Part:
    """The calls of one model or crew."""

    name: str
    calls: int
    failed: int
    cached: int
    tokens: int
    cost: Decimal
    unpriced: int


@dataclass(frozen=True, slots=True)
class Dear:
    """One of the conversations that cost most."""

    conversation_id: int
    lead: str
    calls: int
    cost: Decimal


@dataclass(frozen=True, slots=True)
class CostReport:
    """`since` and `until` are days of the workspace's zone, both included. Costs in US dollars.

    `unpriced` calls are of models without a known price; their cost is missing here.
    """

    since: date
    until: date
    calls: int
    failed: int
    cached: int
    tokens: int
    cost: Decimal
    unpriced: int
    turns: int
    turns_without_model: int
    conversations: int
    resolved: int
    resolved_without_model: int
    by_day: list[tuple[date, Decimal]] = field(default_factory=list)
    by_model: list[Part] = field(default_factory=list)
    by_crew: list[Part] = field(default_factory=list)
    by_failure: dict[str, int] = field(default_factory=dict)
    dearest: list[Dear] = field(default_factory=list)

    @property
    def cost_per_conversation(self) -> Decimal | None:
        return self.cost / self.conversations if self.conversations else None

    @property
    def share_of_turns_without_model(self) -> float | None:
        return self.turns_without_model / self.turns if self.turns else None

    @property
    def share_resolved_without_model(self) -> float | None:
        return self.resolved_without_model / self.resolved if self.resolved else None


def report_costs(*, workspace: Workspace, since: date, until: date) -> CostReport:
    """A handful of grouped queries, whatever the number of calls."""
    begin, end = _instants(workspace, since, until)
    calls = ModelCall.objects.filter(workspace=workspace, at__gte=begin, at__lt=end)
    groups: list[Group] = [{**row} for row in calls.values("model", "crew", "outcome").annotate(**_SUMS).order_by()]
    whole = _part("", groups)
    return CostReport(
        since=since,
        until=until,
        calls=whole.calls,
        failed=whole.failed,
        cached=whole.cached,
        tokens=whole.tokens,
        cost=whole.cost,
        unpriced=whole.unpriced,
        by_day=_by_day(workspace, since, until),
        by_model=_parts("model", groups),
        by_crew=_parts("crew", groups),
        by_failure=_failures(groups),
        dearest=_dearest(calls),
        **_work(workspace, begin, end),
    )


def chosen_days(workspace: Workspace, *, since: date | None, until: date | None, now: datetime) -> tuple[date, date]:
    """The last 30 days unless told otherwise. Raises WrongValues."""
    last = until or now.astimezone(workspace.zone).date()
    first = since or last - timedelta(days=USUAL_DAYS - 1)
    if first > last:
        raise WrongValues({"since": f"{first} is after {last}"})
    if (last - first).days >= LONGEST_DAYS:
        raise WrongValues({"since": f"{first} is more than a year before {last}"})
    return first, last


_SUMS: dict[str, Any] = {
    "number": Count("id"),
    "prompt": Sum("prompt_tokens"),
    "completion": Sum("completion_tokens"),
    "spent": Sum("cost"),
    "unknown": Count("id", filter=Q(cost=None)),
}
Group = dict[str, Any]


def _parts(name: str, groups: list[Group]) -> list[Part]:
    names = sorted({group[name] for group in groups})
    parts = [_part(value, [group for group in groups if group[name] == value]) for value in names]
    return sorted(parts, key=lambda part: (-part.cost, -part.calls, part.name))


def _part(name: str, groups: Iterable[Group]) -> Part:
    made = [group for group in groups if group["outcome"] != CACHED]
    return Part(
        name=name,
        calls=_sum(made, "number"),
        failed=_sum([group for group in made if group["outcome"] != ANSWERED], "number"),
        cached=_sum([group for group in groups if group["outcome"] == CACHED], "number"),
        tokens=_sum(made, "prompt") + _sum(made, "completion"),
        cost=sum((group["spent"] or Decimal(0) for group in made), Decimal(0)),
        unpriced=_sum(made, "unknown"),
    )


def _sum(groups: Iterable[Group], name: str) -> int:
    return sum(group[name] for group in groups)


def _failures(groups: Iterable[Group]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for group in groups:
        if group["outcome"] not in (ANSWERED, CACHED):
            counts[group["outcome"]] = counts.get(group["outcome"], 0) + group["number"]
    return dict(sorted(counts.items(), key=lambda entry: -entry[1]))


def _by_day(workspace: Workspace, since: date, until: date) -> list[tuple[date, Decimal]]:
    """Every day of the span, also those on which nothing was asked."""
    days = ModelDay.objects.filter(workspace=workspace, day__range=(since, until))
    spent = dict(days.values_list("day", "cost"))
    return [(day, spent.get(day, Decimal(0))) for day in _days(since, until)]


def _days(since: date, until: date) -> Iterator[date]:
    for number in range((until - since).days + 1):
        yield since + timedelta(days=number)


def _dearest(calls: Any) -> list[Dear]:
    named = calls.filter(conversation__isnull=False, cost__gt=0)
    rows = named.values("conversation_id", "conversation__lead__name").annotate(**_SUMS).order_by("-spent")[:DEAREST]
    return [Dear(row["conversation_id"], row["conversation__lead__name"], row["number"], row["spent"]) for row in rows]


def _work(workspace: Workspace, begin: datetime, end: datetime) -> dict[str, int]:
    """What the primary agent did. A turn counts as without a model when none decided it, asked in vain or not."""
    turns = Turn.objects.filter(workspace=workspace, state=TurnState.DONE, finished_at__gte=begin, finished_at__lt=end)
    asked = ModelCall.objects.filter(conversation=OuterRef("pk")).exclude(outcome=CACHED)
    talks = Conversation.objects.filter(pk__in=turns.values("conversation"))
    resolved = talks.filter(status=ConversationStatus.RESOLVED)
    return {
        **turns.aggregate(
            turns=Count("id"), turns_without_model=Count("id", filter=~Q(analysis__tier=Tier.CREW.value))
        ),
        "conversations": talks.count(),
        "resolved": resolved.count(),
        "resolved_without_model": resolved.filter(~Exists(asked)).count(),
    }


def _instants(workspace: Workspace, since: date, until: date) -> tuple[datetime, datetime]:
    begin = datetime.combine(since, time(), workspace.zone)
    return begin, datetime.combine(until + timedelta(days=1), time(), workspace.zone)
