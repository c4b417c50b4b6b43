"""The ladder's promise, written a second time: which rungs a request makes, and which of them may still happen."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

RUNGS = ("alert", "update", "bridge", "resume")
OUTAGE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Step:
    """A rung as it stands in the database; `message` is what was said on it, if anything."""

    id: int
    handover_id: int
    rung: str
    due_at: datetime
    state: str
    verdict: str
    done_at: datetime | None
    message: str | None


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that ends a ladder: `state` is what a handover becomes by it."""

    lead_id: int
    state: str
    at: datetime


@dataclass(slots=True)
class Request:
    """A request for a person. `planned` is when each rung was first due."""

    lead_id: int
    planned: dict[str, datetime]
    requested_at: datetime
    state: str = "waiting"


def plan(requested_at: datetime, minutes: dict[str, float], *, pace: float, is_open: bool) -> dict[str, datetime]:
    """After hours nobody is told that the team is busy, and the bridge speaks at once."""
    planned = {rung: requested_at + timedelta(minutes=minutes[rung] * pace) for rung in RUNGS}
    if not is_open:
        del planned["update"]
        planned["bridge"] = requested_at
    return planned


@dataclass
class Expected:
    requests: dict[int, Request] = field(default_factory=dict)
    steps: dict[int, Step] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)

    def follow(self, found: list[Step], states: dict[int, str], silencers: dict[int, str], now: datetime) -> None:
        """What became of everything since the last look, by somebody whose clock shows `now`.

        `silencers` says, by handover, why nothing may happen although it waits: a person's words, a resolution.
        """
        for step in found:
            before = self.steps.get(step.id)
            if before is not None and before.state != "pending":
                assert step == before, f"a step that had ended changed: {before} -> {step}"
            else:
                self._judge(before, step, states, silencers, now)
        self._follow_requests(states)
        self.steps = {step.id: step for step in found}

    def _follow_requests(self, states: dict[int, str]) -> None:
        for handover_id, state in states.items():
            request = self.requests[handover_id]
            if state == request.state:
                continue
            assert request.state in ("waiting", "callback"), f"a handover that was {request.state} is {state}"
            assert state == "callback" or self._has_cause(request, state), f"{state}, and nothing made it so"
            request.state = state

    def _has_cause(self, request: Request, state: str) -> bool:
        return any(
            fact.lead_id == request.lead_id and fact.state == state and fact.at >= request.requested_at
            for fact in self.facts
        )

    def _judge(
        self, before: Step | None, step: Step, states: dict[int, str], silencers: dict[int, str], now: datetime
    ) -> None:
        request = self.requests[step.handover_id]
        assert step.due_at >= request.planned[step.rung], f"{step.rung} was brought forward"
        if step.state == "pending":
            return
        assert before is not None
        assert step.verdict, f"{step.rung} ended without a reason"
        if step.state in ("fired", "withheld"):
            assert request.state == "waiting", f"{step.rung} happened although the handover was {request.state}"
            assert step.handover_id not in silencers, f"{step.rung} happened although {silencers[step.handover_id]}"
            self._judge_firing(before, step, now)
        elif step.state == "not_needed":
            assert states[step.handover_id] != "waiting", f"{step.rung} was not needed, and the customer waits"
        else:
            assert step.state == "superseded", step.state
            assert self._due_above(before, now) or self._fired_above(before), f"nothing superseded {step.rung}"

    def _judge_firing(self, before: Step, step: Step, now: datetime) -> None:
        planned = self.requests[step.handover_id].planned
        assert now >= planned[step.rung], f"{step.rung} happened early"
        assert now >= before.due_at, f"{step.rung} happened before it was due again"
        if step.state == "fired":
            assert step.message or step.rung == "alert", f"{step.rung} happened, and nothing was said"
        if now - before.due_at > OUTAGE:
            assert not self._due_above(before, now), f"{step.rung} happened late, beside a higher one"
        if step.rung != "alert":
            assert not self._fired_above(before), f"{step.rung} happened after a higher one"

    def _due_above(self, step: Step, now: datetime) -> bool:
        return any(other.state == "pending" and other.due_at <= now for other in self._above(step))

    def _fired_above(self, step: Step) -> bool:
        return any(other.state == "fired" for other in self._above(step))

    def _above(self, step: Step) -> list[Step]:
        above = RUNGS[RUNGS.index(step.rung) + 1 :]
        siblings = (other for other in self.steps.values() if other.handover_id == step.handover_id)
        return [other for other in siblings if other.rung in above]
