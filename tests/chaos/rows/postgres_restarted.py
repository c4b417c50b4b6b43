"""Row 5: PostgreSQL is stopped at once, without a checkpoint, and is back after up to two seconds."""

from __future__ import annotations

import time
from random import Random

from tests.chaos.arena import Arena, wait_for
from tests.chaos.history import Action
from tests.chaos.history import Outcome as Answer
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import Traffic

LONGEST_DOWN = 2.0
BETWEEN = 6.0  # a server that dies sooner than five seconds after its start counts as one that cannot live


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    """The provider's list has none of these customers' words: what we answered 2xx to is ours alone to keep."""
    traffic = Traffic(arena, rng, row=5)
    recoveries = []
    with traffic.flowing(a_second=8, is_listed=False):
        for _ in range(faults):
            time.sleep(BETWEEN + rng.uniform(0, 1))
            arena.restart_postgres(down=rng.uniform(0, LONGEST_DOWN))
            recoveries.append(recovery_seconds(traffic))
    acked = traffic.history.count(lambda act: act.kind == "says" and act.outcome == Answer.OK)
    return audited(traffic, faults=faults, trials=acked, recovery_max_s=max(recoveries), acked_webhooks=acked)


def recovery_seconds(traffic: Traffic) -> float:
    """From the end of the outage until somebody who wrote after it has been answered."""
    began, wrote = time.time(), list[Action]()

    def is_answered() -> bool:
        wrote.append(traffic.says(traffic.new_phone(), "Hello", is_listed=False))
        known = {act.address for act in wrote if act.outcome == Answer.OK}
        return any(call.accepted_at and call.to in known for call in traffic.arena.twilio.calls.all())

    wait_for(is_answered, "an answer after PostgreSQL came back", seconds=60)
    return time.time() - began


ROW = Row(
    number=5,
    name="PostgreSQL stopped at once and restarted",
    promises=("P1", "P2", "P4"),
    reach=Reach(at_most={"recovery_max_s": 10, "unsettled": 0}),
    bug="answered_before_commit",
    run=run,
    least=2,
    share=0.15,
)
