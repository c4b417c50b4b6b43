"""Row 6: Redis is flushed, stopped, or answers nobody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

from bench.load import percentile_ms
from tests.chaos.arena import Arena
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import Traffic

DOWN_SECONDS = 10.0
PAUSE_SECONDS = 5.0
KINDS = ("flush", "flush", "flush", "pause", "flush", "flush", "flush", "down")
TICK_SECONDS = 1.0

Outage = tuple[float, float]


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=6)
    with traffic.flowing(a_second=8):
        outages = [lose(arena, KINDS[(place + 3) % len(KINDS)], rng) for place in range(faults)]
        time.sleep(1)
    outcome = audited(traffic, faults=faults, trials=len(traffic.history.all("says")))
    delays = list(delays_beyond(traffic, outages))
    figures = {"delay_p95_s": percentile_ms(delays, 95) / 1000, "delay_max_s": max(delays)}
    return Outcome(outcome.faults, outcome.trials, {**outcome.figures, **figures}, outcome.examples)


def lose(arena: Arena, kind: str, rng: Random) -> Outage:
    time.sleep(rng.uniform(0.3, 1.0))
    began = time.time()
    if kind == "flush":
        arena.flush_redis()
    elif kind == "pause":
        arena.pause_redis(seconds=PAUSE_SECONDS)
    else:
        arena.restart_redis(down=DOWN_SECONDS)
    return began, time.time()


def delays_beyond(traffic: Traffic, outages: list[Outage]) -> Iterator[float]:
    """From a customer's first message, or from the moment at which Redis was back, to the first words for them."""
    heard: dict[str, float] = {}
    for call in traffic.arena.twilio.calls.all():
        heard.setdefault(call.to, call.arrived_at)
    first = {act.address: act for act in reversed(traffic.history.all("says"))}
    for address, act in first.items():
        if address in heard:
            back = [end for began, end in outages if began < heard[address] and end > act.began]
            yield max(0.0, heard[address] - max([act.began, *(end for end in back if end < heard[address])]))


ROW = Row(
    number=6,
    name="Redis flushed, stopped, or silent",
    promises=("P1", "P4", "P7"),
    reach=Reach(at_most={"delay_p95_s": TICK_SECONDS + 5, "unsettled": 0}),
    bug="no_sweep",
    symptom="steps_missed",
    run=run,
    least=4,
    share=0.4,
)
