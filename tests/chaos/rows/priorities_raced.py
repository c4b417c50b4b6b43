"""Row 12: eight processes of four priorities race for one conversation's floor, and speak when they have it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any

from tests.chaos import programs
from tests.chaos.arena import Arena, wait_for
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.tempo import LEASE_SECONDS
from tests.chaos.traffic import Traffic
from tests.doubles.twilio import Call

RACERS = ("human", "human", "primary", "primary", "bridge", "bridge", "system", "system")
SECONDS = 4.0  # of a fault
RANKS = {"human": 1, "primary": 2, "bridge": 3, "system": 4}
FLIGHT_MS = 60
WAKING_SECONDS = 2.0  # a wake-up call that is lost costs a tick, and a worker has to come by

UNHURRIED = """
    UPDATE messaging_channel SET settings = settings || '{"pair_seconds": "0"}' RETURNING 1
"""
"""Hundreds of messages to one person exceed what WhatsApp takes of them: that wait is none of this row's."""
HURRIED = "UPDATE messaging_channel SET settings = settings - 'pair_seconds' RETURNING 1"

Told = dict[str, Any]


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=12)
    phone = traffic.new_phone()
    address = f"whatsapp:{phone}"
    traffic.says(phone, "Hello")
    wait_for(lambda: any(call.accepted_at for call in calls_of(arena, address)), "the first reply")
    arena.twilio.fault("slow", times=10**6, ms=FLIGHT_MS, to=address)
    arena.query(UNHURRIED)
    try:
        told = race(arena, phone, faults * SECONDS, rng)
    finally:
        arena.query(HURRIED)
    arena.twilio.clear_faults()
    outcome = audited(traffic, faults=faults, trials=len(told))
    stolen = list(taken_by_no_higher(told))
    figures = {**outcome.figures, **waits(told, calls_of(arena, address)), "taken_by_no_higher": len(stolen)}
    return Outcome(outcome.faults, outcome.trials, figures, {**outcome.examples, "taken_by_no_higher": stolen[:5]})


def calls_of(arena: Arena, address: str) -> list[Call]:
    return [call for call in arena.twilio.calls.all() if call.to == address]


def race(arena: Arena, phone: str, seconds: float, rng: Random) -> list[Told]:
    """All begin at the same moment, each in a process of its own."""
    racers = []
    for holder in RACERS:
        racers.append(programs.start(arena, "racing", holder, str(seconds), phone, str(rng.getrandbits(32))))
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline().strip() == "ready"
    told: list[Told] = []
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        output, _ = racer.communicate(timeout=300)
        told += json.loads(output)
    return told


def taken_by_no_higher(told: list[Told]) -> Iterator[str]:
    """A grant that was lost to an equal or a lower voice before it was given back, and before its lease was over."""
    holders = {one["epoch"]: one["holder"] for one in told if "epoch" in one}
    for one in told:
        if one.get("code") != "stale_epoch" or one["ended_at"] - one["granted_at"] > LEASE_SECONDS:
            continue
        successor = holders.get(one["epoch"] + 1, "")
        if successor and RANKS[successor] >= RANKS[one["holder"]]:
            yield f"epoch {one['epoch']} of {one['holder']} was taken by {successor}"


def waits(told: list[Told], calls: list[Call]) -> dict[str, float]:
    """How long a person's words waited beyond what was in flight when they were written."""
    accepted = [one for one in told if one["outcome"] != "busy"]
    arrived = {call.mid: call.arrived_at for call in calls}
    beyond = [beyond_flight(one, arrived[one["mid"]], calls) for one in persons(accepted) if one["mid"] in arrived]
    return {
        "grants": len(accepted),
        "persons": len(beyond),
        "person_beyond_flight_max_s": max(beyond, default=0.0),
        "flight_max_s": max((call.ended_at - call.arrived_at for call in calls if call.ended_at), default=0.0),
    }


def persons(told: list[Told]) -> list[Told]:
    return [one for one in told if one["holder"] == "human"]


def beyond_flight(one: Told, arrived_at: float, calls: list[Call]) -> float:
    began = one["granted_at"]
    flights = [
        min(call.ended_at or arrived_at, arrived_at) - max(call.arrived_at, began)
        for call in calls
        if call.mid != one["mid"] and call.arrived_at < arrived_at and (call.ended_at or arrived_at) > began
    ]
    return max(0.0, arrived_at - began - sum(flights))


ROW = Row(
    number=12,
    name="four priorities race for one conversation",
    promises=("P3", "P5"),
    reach=Reach(
        at_most={"taken_by_no_higher": 0, "person_beyond_flight_max_s": WAKING_SECONDS, "unsettled": 0},
        at_least={"grants": 10, "persons": 3},
    ),
    bug="equal_may_interrupt",
    symptom="taken_by_no_higher",
    run=run,
    least=2,
    share=1,
    proven_with="hands",
)
