"""Row 5: PostgreSQL is stopped at once, without a checkpoint, and is back after up to two seconds."""

from __future__ import annotations

import time
from random import Random

from tests.chaos.arena import Arena, comes_true
from tests.chaos.history import Action
from tests.chaos.history import Outcome as Answer
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import Traffic

LONGEST_DOWN = 2.0
BETWEEN = 6.0  # a server that dies sooner than five seconds after its start counts as one that cannot live


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    """The provider's list has none of these customers' words: what we answered 2xx to is ours alone to keep."""
    traffic = Traffic(arena, rng, row=5)
    taken, answered = [], []
    with traffic.flowing(a_second=6, is_listed=False):
        for _ in range(faults):
            time.sleep(BETWEEN + rng.uniform(0, 1))
            arena.restart_postgres(down=rng.uniform(0, LONGEST_DOWN))
            back = time.time()
            probe = first_taken(traffic)
            taken.append(time.time() - back)
            comes_true(lambda: probe.address in arena.twilio.calls.callees, seconds=30)  # noqa: B023
            answered.append(time.time() - back)
    acked = traffic.history.count(lambda act: act.kind == "says" and act.outcome == Answer.OK)
    return audited(traffic, faults=faults, trials=acked, taken_max_s=max(taken), recovery_max_s=max(answered))


def first_taken(traffic: Traffic) -> Action:
    """The first message after the outage that we took in; its answer ends the recovery."""
    while (act := traffic.says(traffic.new_phone(), "Hello", is_listed=False)).outcome != Answer.OK:
        time.sleep(0.2)
    return act


ROW = Row(
    number=5,
    name="PostgreSQL stopped at once and restarted",
    promises=("P1", "P2", "P4"),
    reach=Reach(at_most={"recovery_max_s": 10, "unsettled": 0}),
    bug="answered_before_commit",
    symptom="inbound_lost",
    run=run,
    least=2,
    share=0.15,
    proven_with="servers",
)
