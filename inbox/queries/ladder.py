"""The ladder as it is drawn: one line, a rung for each step, and a dot that is now."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from handover.models import Handover, LadderStep
from handover.models.handovers import HandoverState, Rung, StepState, Urgency
from inbox import words

QUICK = timedelta(minutes=10)
"""A ladder tried in seconds shows them, else all its rungs would seem to fall on the same minute."""

AHEAD = {
    Rung.ALERT: "team alert",
    Rung.UPDATE: "update",
    Rung.BRIDGE: "booking link",
    Rung.RESUME: "AI resumes",
}
FIRED = {
    Rung.ALERT: "team alerted",
    Rung.UPDATE: "update sent",
    Rung.BRIDGE: "booking link sent",
    Rung.RESUME: "AI resumed",
}
SKIPPED = {
    StepState.NOT_NEEDED: "not needed",
    StepState.SUPERSEDED: "overtaken",
    StepState.WITHHELD: "withheld",
    StepState.PARKED: "stuck",
}


@dataclass(frozen=True, slots=True)
class RungMark:
    label: str
    at: str
    x: str
    anchor: str
    mark: str
    verdict: str


@dataclass(frozen=True, slots=True)
class NextStep:
    word: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Ladder:
    handover_id: int
    is_callback: bool
    waited: str
    since: datetime
    reason: str
    urgent: bool
    after_hours: bool
    left: str
    next: NextStep | None
    dot: str
    limit: float
    stops: str
    rungs: tuple[RungMark, ...]

    @property
    def told(self) -> str:
        """The drawing in words, for those who do not see it."""
        steps = "; ".join(f"{rung.label} {rung.at}" for rung in self.rungs)
        return f"Waiting {self.waited}. Steps: {steps}."


def ladder_of(handover: Handover, *, now: datetime, zone: ZoneInfo) -> Ladder:
    """The handover's steps must be prefetched."""
    steps = sorted(handover.steps.all(), key=lambda step: step.due_at)
    stops = [handover.requested_at, *(step.due_at for step in steps)]
    following = next_step(steps)
    limit = _limit(steps, following)
    return Ladder(
        handover_id=handover.pk,
        is_callback=handover.state == HandoverState.CALLBACK,
        waited=words.long_duration(now - handover.requested_at),
        since=handover.requested_at,
        reason=handover.reason,
        urgent=handover.urgency == Urgency.URGENT,
        after_hours=handover.after_hours,
        left=_left(following, now),
        next=following,
        dot=f"{min(_share(stops, now), limit):.2f}%",
        limit=limit,
        stops=" ".join(str(int(stop.timestamp() * 1000)) for stop in stops),
        rungs=tuple(_marks(steps, following, zone)),
    )


def next_step(steps: Iterable[LadderStep]) -> NextStep | None:
    pending = [step for step in steps if step.state == StepState.PENDING]
    if not pending:
        return None
    first = min(pending, key=lambda step: step.due_at)
    return NextStep(AHEAD[Rung(first.rung)], first.due_at)


def _left(following: NextStep | None, now: datetime) -> str:
    if following is None:
        return ""
    return words.countdown(following.due_at - now) if following.due_at > now else "now"


def _limit(steps: list[LadderStep], following: NextStep | None) -> float:
    """An overdue step holds the dot on its rung until it has fired."""
    for number, step in enumerate(steps, start=1):
        if following and step.state == StepState.PENDING:
            return 100 * number / len(steps)
    return 100.0


def _marks(steps: list[LadderStep], following: NextStep | None, zone: ZoneInfo) -> Iterable[RungMark]:
    is_quick = bool(steps) and steps[-1].due_at - steps[0].due_at < QUICK
    clock = "%H:%M:%S" if is_quick else "%H:%M"
    for number, step in enumerate(steps, start=1):
        yield RungMark(
            label=_label(step),
            at=f"{(step.done_at or step.due_at).astimezone(zone):{clock}}",
            x=f"{100 * number / len(steps):g}%",
            anchor="end" if number == len(steps) else "middle",
            mark=_mark(step, following),
            verdict=step.verdict,
        )


def _label(step: LadderStep) -> str:
    rung = Rung(step.rung)
    if step.state == StepState.PENDING:
        return AHEAD[rung]
    if step.state == StepState.FIRED:
        return FIRED[rung]
    return f"{AHEAD[rung]} {SKIPPED[StepState(step.state)]}"


def _mark(step: LadderStep, following: NextStep | None) -> str:
    if step.state == StepState.FIRED:
        return "done"
    if step.state != StepState.PENDING:
        return "skipped"
    return "next" if following and step.due_at == following.due_at else "ahead"


def _share(stops: list[datetime], now: datetime) -> float:
    """How far along the drawing now is. The rungs stand evenly, whatever the minutes between them, so that
    their words never collide; the dot moves between two of them in proportion."""
    if len(stops) < 2:
        return 0.0
    width = 100 / (len(stops) - 1)
    for number, (start, end) in enumerate(pairwise(stops)):
        if now < end:
            passed = (now - start).total_seconds() / max((end - start).total_seconds(), 0.001)
            return width * (number + min(max(passed, 0.0), 1.0))
    return 100.0
