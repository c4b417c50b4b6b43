"""Row 11: the provider is slow, breaks off, refuses by rate, fails after accepting; callbacks come late or never.

The model hangs, breaks off and talks nonsense at the same time.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from random import Random

from bench.load import percentile_ms
from tests.chaos.arena import Arena
from tests.chaos.history import Outcome as Answer
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.tempo import READ_SECONDS
from tests.chaos.traffic import Traffic
from tests.doubles.model import ModelDouble, Step
from tests.doubles.twilio import Call, CallbackPlan

ILL = 0.35  # of the calls
FAULTS = (
    ("slow", {"ms": 500}),
    ("slow", {"ms": int(READ_SECONDS * 2000)}),  # it accepts after the caller has given up
    ("hang_after_accept", {}),
    ("hang_before_accept", {}),
    ("reset", {}),
    ("reset_after_accept", {}),
    ("503_after_accept", {}),
    ("429", {}),
)
PLANS = (
    CallbackPlan(),
    CallbackPlan.of("sent", "delivered", delay=3.0),
    CallbackPlan(silent=True),
    CallbackPlan.never(),
)
MODEL_ILL = 0.35
MODEL_FAULTS = ("hang", "reset", "server_error", "rate_limited", "invalid_json")
MODEL_STEPS = 5000
PEOPLE_A_SECOND = 1.0


@dataclass(slots=True)
class IllProvider:
    """Every customer may meet it, except those whom a person writes to: their time is what is measured."""

    arena: Arena
    rng: Random
    spared: set[str]
    faults: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def hear(self, call: Call) -> None:
        if call.to in self.spared:
            return
        with self._lock:
            self.arena.twilio.plan = self.rng.choice(PLANS)
            if self.rng.random() > ILL:
                return
            name, options = self.rng.choice(FAULTS)
            self.faults += 1
        self.arena.twilio.fault(name, to=call.to, **options)


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=11)
    model = IllModel.of(arena, rng)
    met_by_person = [traffic.new_phone() for _ in range(20)]
    provider = IllProvider(arena, rng, {f"whatsapp:{phone}" for phone in met_by_person})
    for phone in met_by_person:
        traffic.says(phone, "Hello")
    arena.twilio.calls.on_call = provider.hear
    model.fall_ill()
    before = arena.logged("PoolTimeout")
    deadline = time.monotonic() + 5 * faults + 30
    with traffic.flowing(a_second=6, staffed=0):
        while (provider.faults + model.faults < faults or not enough_said(traffic)) and time.monotonic() < deadline:
            traffic.staff("writes", rng.choice(met_by_person))
            time.sleep(1 / PEOPLE_A_SECOND)
    ill = model.faults
    outcome = audited(traffic, faults=provider.faults + ill, trials=len(arena.twilio.calls.all()), of_the_model=ill)
    waits = persons_waits(traffic)
    figures = {"person_p95_s": percentile_ms(waits, 95) / 1000, "pool_timeouts": arena.logged("PoolTimeout") - before}
    return Outcome(outcome.faults, outcome.trials, {**outcome.figures, **figures}, outcome.examples)


@dataclass(slots=True)
class IllModel:
    """Every third request goes wrong, until its breaker spares it the rest."""

    double: ModelDouble
    steps: list[Step]
    before: int = 0

    @classmethod
    def of(cls, arena: Arena, rng: Random) -> IllModel:
        assert arena.model is not None
        faults = [rng.choice(MODEL_FAULTS) if rng.random() < MODEL_ILL else "" for _ in range(MODEL_STEPS)]
        return cls(arena.model, [Step(fault=fault) for fault in faults])

    def fall_ill(self) -> None:
        self.before = len(self.double.requests)
        self.double.script(*self.steps)

    @property
    def faults(self) -> int:
        taken = len(self.double.requests) - self.before
        return sum(bool(step.fault) for step in self.steps[: max(0, taken)])


def enough_said(traffic: Traffic) -> bool:
    return len(traffic.history.all("writes")) >= 5


def persons_waits(traffic: Traffic) -> list[float]:
    """From the API's call to the provider's acceptance."""
    accepted = {call.mid: call.accepted_at for call in traffic.arena.twilio.calls.all() if call.accepted_at}
    written = [act for act in traffic.history.all("writes") if act.outcome == Answer.OK]
    return [accepted.get(act.subject, time.time()) - act.began for act in written]


ROW = Row(
    number=11,
    name="provider slow, broken off, failing; no callbacks",
    promises=("P2", "P5"),
    reach=Reach(at_most={"person_p95_s": 2, "pool_timeouts": 0, "unsettled": 0}),
    has_model=True,
    bug="retried_on_5xx",
    symptom="outbound_repeated",
    run=run,
    least=12,
    share=5,
    proven_with="servers",
)
