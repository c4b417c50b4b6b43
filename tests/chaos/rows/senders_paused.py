"""Row 3: a sender sleeps longer than its lease and wakes up, half of the times at the worst moment there is."""

from __future__ import annotations

import time
from random import Random

from tests.chaos.arena import Arena, comes_true, wait_for
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.tempo import CALL_WINDOW_SECONDS
from tests.chaos.traffic import Traffic

BEYOND_WINDOW = (0.3, 2.0)
LONGEST_SLEEP = 20.0
RESEND_SECONDS = 0.7


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=3)
    resent = 0
    with traffic.flowing(a_second=3):
        for place in range(faults):
            if place % 2:
                pause_at_random(arena, rng)
            else:
                resent += pause_at_worst(arena)
    return audited(traffic, faults=faults, trials=faults, woke_after_another_sent=resent)


def pause_at_random(arena: Arena, rng: Random) -> None:
    with arena.paused(arena.some_working("worker", rng)):
        time.sleep(CALL_WINDOW_SECONDS + rng.uniform(*BEYOND_WINDOW))


def pause_at_worst(arena: Arena) -> bool:
    """Between its commit and its call, until the provider was found not to have the words and another has sent them:
    the sleeper wakes up into that. False when nobody sent them in time."""
    arena.arm_stop_before_call()
    wait_for(lambda: arena.stopped() is not None, "sender that stops itself", seconds=20)
    victim, began = arena.stopped(), time.time()
    assert victim is not None
    with arena.paused(victim):
        is_absent = comes_true(lambda: bool(arena.query(ABSENT, {"began": began})), seconds=LONGEST_SLEEP)
        time.sleep(RESEND_SECONDS)
    return is_absent


ABSENT = """
    SELECT id FROM messaging_attempt
     WHERE state = 'absent' AND settled_at > to_timestamp(%(began)s)
"""

ROW = Row(
    number=3,
    name="sender stopped for longer than its lease",
    promises=("P2", "P3"),
    reach=Reach(at_most={"unsettled": 0}, at_least={"woke_after_another_sent": 1}),
    bug="no_deadline_check",
    symptom="outbound_repeated",
    run=run,
    least=4,
    share=0.6,
    proven_with="kills",
)
