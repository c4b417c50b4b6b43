"""Row 3: a sender sleeps longer than its lease and wakes up, half of the times at the worst moment there is."""

from __future__ import annotations

import time
from random import Random

from tests.chaos.arena import Arena, wait_for
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.tempo import CALL_WINDOW_SECONDS
from tests.chaos.traffic import Traffic

SHORT = (0.3, 2.0)
LONG = (2.5, 4.5)
"""Beyond the window, in seconds. After a long one another worker has sent the words: the sleeper wakes up into that."""


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=3)
    with traffic.flowing(a_second=6):
        worst = sum(pause_one(arena, rng, at_worst=bool(place % 2)) for place in range(1, faults + 1))
    return audited(traffic, faults=faults, trials=faults, between_commit_and_call=worst)


def pause_one(arena: Arena, rng: Random, *, at_worst: bool) -> bool:
    """Whether it slept between its commit and its call."""
    seconds = CALL_WINDOW_SECONDS + rng.uniform(*(LONG if at_worst else SHORT))
    if at_worst:
        arena.arm_stop_before_call()
        wait_for(lambda: arena.stopped() is not None, "a sender that stops itself", seconds=20)
        victim = arena.stopped()
    else:
        wait_for(lambda: bool(arena.working("worker")), "a working worker")
        victim = rng.choice(arena.working("worker"))
    assert victim is not None
    with arena.paused(victim):
        time.sleep(seconds)
    return at_worst


ROW = Row(
    number=3,
    name="sender stopped for longer than its lease",
    promises=("P2", "P3"),
    reach=Reach(at_most={"unsettled": 0}),
    bug="no_deadline_check",
    symptom="outbound_repeated",
    run=run,
    least=4,
    share=0.6,
    proven_with="kills",
)
