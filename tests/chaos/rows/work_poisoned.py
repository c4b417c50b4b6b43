"""Row 13: rows whose work always fails, and rows whose work ends the process; the others must hardly feel them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random

from bench.load import percentile_ms
from tests.chaos.arena import Arena, wait_for
from tests.chaos.devices.poisons import KINDS, words
from tests.chaos.history import Action
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import Traffic
from tests.system.installation import ASKS_FOR_PERSON, Customer

CUSTOMERS_A_SECOND = 3.0
CALM_SECONDS = 10.0  # before the first poison, and again after the last
MOST_ATTEMPTS = 6
PARK_SECONDS = 180.0

# Rows rest for up to two minutes after a failure or a death; here a quarter of a minute. Not less: a death costs the
# others the start of a worker, which nothing hurries.
SHORTEN_RESTS = """
    WITH events AS (
        UPDATE messaging_webhookevent SET due_at = clock_timestamp() + interval '15 seconds'
         WHERE state = 'received' AND due_at > clock_timestamp() + interval '16 seconds'
    ), turns AS (
        UPDATE agents_turn SET due_at = clock_timestamp() + interval '15 seconds'
         WHERE state = 'waiting' AND due_at > clock_timestamp() + interval '16 seconds'
    ), words AS (
        UPDATE messaging_message SET due_at = clock_timestamp() + interval '15 seconds'
         WHERE status = 'queued' AND due_at > clock_timestamp() + interval '16 seconds'
    )
    UPDATE handover_ladderstep SET due_at = clock_timestamp() + interval '15 seconds'
     WHERE state = 'pending' AND attempts_made > 0 AND due_at > clock_timestamp() + interval '16 seconds'
    RETURNING id
"""
PARKED = """
    SELECT 'event', attempts_made FROM messaging_webhookevent
     WHERE state = 'parked' AND error <> '' AND order_key = %(address)s
    UNION ALL
    SELECT 'turn', turn.attempts_made FROM agents_turn AS turn
      JOIN messaging_servicewindow AS here USING (conversation_id)
     WHERE turn.state = 'parked' AND turn.reason <> '' AND here.address = %(address)s
    UNION ALL
    SELECT 'step', step.attempts_made FROM handover_ladderstep AS step
      JOIN handover_handover AS handover ON handover.id = step.handover_id
      JOIN messaging_servicewindow AS here USING (conversation_id)
     WHERE step.state = 'parked' AND step.verdict <> '' AND here.address = %(address)s
    UNION ALL
    SELECT 'message', word.attempts_made FROM messaging_message AS word
      JOIN messaging_servicewindow AS here USING (conversation_id)
      JOIN crm_trailentry AS entry ON entry.facts ->> 'message' = word.id::text AND entry.kind = 'message.failed'
     WHERE word.status IN ('failed', 'in_doubt') AND here.address = %(address)s
"""


@dataclass(slots=True)
class Poison:
    kind: str
    how: str
    phone: str
    attempts: int = 0
    shown_after: float = field(default=float("inf"))

    @property
    def is_shown(self) -> bool:
        return self.attempts > 0


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    """What fails is given at once; what kills one after another, as it would come in life."""
    others, poisoned = Traffic(arena, rng, row=13), Traffic(arena, rng, row=93)
    raising = [Poison(kind, "raise", poisoned.new_phone()) for kind in KINDS]
    ways = rng.sample(KINDS, len(KINDS))
    killing = [Poison(ways[n % len(ways)], "exit", poisoned.new_phone()) for n in range(max(1, faults - len(raising)))]
    with others.flowing(a_second=CUSTOMERS_A_SECOND, asking=0.2, staffed=0):
        time.sleep(CALM_SECONDS)
        given_at = time.time()
        swallow(arena, poisoned, raising, killing)
        parked_at = time.time()
        time.sleep(CALM_SECONDS)
    outcome = audited(others, faults=len(raising + killing), trials=len(others.history.all("says")))
    figures = {**outcome.figures, **felt_by(others, given_at, parked_at), **shown(raising + killing)}
    return Outcome(outcome.faults, outcome.trials, figures, outcome.examples)


def swallow(arena: Arena, traffic: Traffic, raising: list[Poison], killing: list[Poison]) -> None:
    with rests_shortened(arena):
        for poison in raising:
            give(traffic, poison)
        for poison in killing:
            give(traffic, poison)
            if not watch(arena, poison):
                return  # one is enough to know, and each takes minutes
        all(watch(arena, poison) for poison in raising)


def give(traffic: Traffic, poison: Poison) -> None:
    text = words(poison.kind, poison.how)
    if poison.kind == "message":
        traffic.says(poison.phone, "Hello")
        wait_for(lambda: traffic.arena.twilio.messages(to=f"whatsapp:{poison.phone}") != [], "a conversation")
        Customer(traffic.arena.acme, poison.phone).staff("messages", {"body": text})
    else:
        traffic.says(poison.phone, f"{ASKS_FOR_PERSON}: {text}" if poison.kind == "step" else text)


def watch(arena: Arena, poison: Poison) -> bool:
    """Until it is parked where people see it, or it is clear that it never will be: whether it was."""
    began, address = time.time(), {"address": f"whatsapp:{poison.phone}"}
    while time.time() < began + PARK_SECONDS:
        found = dict(arena.query(PARKED, address))
        if poison.kind in found:
            poison.attempts, poison.shown_after = found[poison.kind], time.time() - began
            return True
        time.sleep(0.5)
    return False


@contextmanager
def rests_shortened(arena: Arena) -> Iterator[None]:
    over = threading.Event()

    def shorten() -> None:
        while not over.wait(1):
            arena.query(SHORTEN_RESTS)

    hurrying = threading.Thread(target=shorten)
    hurrying.start()
    try:
        yield
    finally:
        over.set()
        hurrying.join()


def shown(poisons: list[Poison]) -> dict[str, float]:
    return {
        "not_parked": sum(not poison.is_shown for poison in poisons),
        "attempts_max": max(poison.attempts for poison in poisons),
        **{f"{poison.kind}_{poison.how}_parked_s": poison.shown_after for poison in poisons if poison.is_shown},
    }


def felt_by(traffic: Traffic, given_at: float, parked_at: float) -> dict[str, float]:
    """What the others waited for their first answer: in the calm before and after, and in between."""
    heard: dict[str, float] = {}
    for call in traffic.arena.twilio.calls.all():
        heard.setdefault(call.to, call.accepted_at or call.arrived_at)
    first = {act.address: act for act in reversed(traffic.history.all("says"))}
    meanwhile, calm = (
        percentile_ms([waited(act, heard) for act in first.values() if (given_at <= act.began < parked_at) is bad], 95)
        for bad in (True, False)
    )
    return {
        "others_p95_calm_s": calm / 1000,
        "others_p95_meanwhile_s": meanwhile / 1000,
        "others_p95_ratio": round(meanwhile / calm, 2),
    }


def waited(act: Action, heard: dict[str, float]) -> float:
    return max(0.0, heard.get(act.address, time.time()) - act.began)


ROW = Row(
    number=13,
    name="work that always fails or ends its process",
    promises=("liveness",),
    reach=Reach(
        at_most={"not_parked": 0, "attempts_max": MOST_ATTEMPTS, "others_p95_ratio": 2, "unsettled": 0},
    ),
    bug="nothing_is_parked",
    symptom="not_parked",
    run=run,
    least=5,
    share=0.05,
)
