"""Row 8: customers wrote, and no webhook came: the app was down, or the provider never called."""

from __future__ import annotations

import time
from random import Random

from tests.chaos.arena import Arena
from tests.chaos.history import Action
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.queries import INBOUND_KNOWN
from tests.chaos.tempo import SWEEP_SECONDS
from tests.chaos.traffic import Traffic

AT_ONCE = 25
DELIVERED_ANYWAY = 5


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    """In portions, each while the web process has been killed; a few write through what is left of it."""
    traffic = Traffic(arena, rng, row=8)
    longest, left = 0.0, faults
    while left > 0:
        portion = min(AT_ONCE, left)
        left -= portion
        longest = max(longest, missed_for(arena, traffic, portion, rng))
    return audited(traffic, faults=faults, trials=faults, found_after_max_s=longest)


def missed_for(arena: Arena, traffic: Traffic, portion: int, rng: Random) -> float:
    """The longest that a message of the provider's list was not in ours."""
    for process in arena.working("web"):
        arena.kill(process)
    written = []
    for _ in range(portion):
        written.append(traffic.says(traffic.new_phone(), "Hello", is_delivered=False))
        time.sleep(rng.uniform(0, 0.06))
    for _ in range(DELIVERED_ANYWAY):
        traffic.says(traffic.new_phone(), "Hello")
    return longest_absence(arena, written)


def longest_absence(arena: Arena, written: list[Action]) -> float:
    waiting = {act.subject: act.began for act in written}
    longest, deadline = 0.0, time.time() + 15 * SWEEP_SECONDS
    while waiting:
        known = {row[0] for row in arena.query(INBOUND_KNOWN, {"sids": list(waiting)})}
        now = time.time()
        longest = max([longest, *(now - waiting.pop(sid) for sid in known)])
        if now > deadline:
            return max(longest, *(now - began for began in waiting.values()))
        time.sleep(0.05)
    return longest


ROW = Row(
    number=8,
    name="webhooks that never came",
    promises=("P1",),
    reach=Reach(at_most={"found_after_max_s": 2 * SWEEP_SECONDS, "unsettled": 0}),
    bug="no_list_sweep",
    symptom="inbound_lost",
    run=run,
    least=20,
    share=4,
    proven_with="kills",
)
