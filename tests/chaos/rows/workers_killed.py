"""Row 1: kill -9 of workers, at random moments of their work."""

from __future__ import annotations

import time
from random import Random

from tests.chaos.arena import Arena
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.queries import STEPS_LATENESS
from tests.chaos.traffic import Traffic


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=1)
    with traffic.flowing(a_second=6):
        killed = sum(kill_one(arena, rng) for _ in range(faults))
    outcome = audited(traffic, faults=killed, trials=len(traffic.history.all()))
    [(late,)] = arena.query(STEPS_LATENESS, {"addresses": [f"whatsapp:{phone}" for phone in traffic.history.phones()]})
    return Outcome(outcome.faults, outcome.trials, {**outcome.figures, "latest_step_s": late}, outcome.examples)


def kill_one(arena: Arena, rng: Random) -> bool:
    """One that works, up to three seconds after it was seen working: killed faster, none would ever do any work."""
    victim = arena.some_working("worker", rng)
    time.sleep(rng.uniform(0.05, 3))
    return arena.kill(victim)


ROW = Row(
    number=1,
    name="workers killed at random moments",
    promises=("P1", "P4", "P6"),
    reach=Reach(at_most={"unsettled": 0}),
    bug="applied_before_effect",
    symptom="inbound_lost",
    run=run,
    least=5,
    share=1,
    proven_with="kills",
)
