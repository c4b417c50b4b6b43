"""Row 15: a periodic job is killed half-way, begun again, and run by two at once; what is left is what one clean run
leaves, row for row. The job is the reading of the provider's list, with hundreds of messages that nobody delivered.
"""

from __future__ import annotations

import subprocess
import time
from collections import Counter
from random import Random

from tests.chaos import programs
from tests.chaos.arena import Arena
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.tempo import QUIET_SECONDS
from tests.chaos.traffic import Traffic

MISSED = 150
AT_ONCE = 2

HOLD_OWN_SWEEPS = "UPDATE messaging_channel SET sweep_due_at = now() + interval '1 hour' RETURNING 1"
LET_OWN_SWEEPS = "UPDATE messaging_channel SET sweep_due_at = now() RETURNING 1"
TAKEN_IN = """
    SELECT count(*) FROM messaging_eventkey WHERE key = ANY(%(sids)s)
"""
# What a customer's part of the database looks like, without ids and moments.
LEFT = """
    SELECT here.address,
           (SELECT count(*) FROM messaging_webhookevent WHERE order_key = here.address AND kind = 'inbound'),
           (SELECT array_agg(direction || ' ' || voice || ' ' || status || ' ' || body ORDER BY position)
              FROM messaging_message WHERE conversation_id = here.conversation_id),
           (SELECT array_agg(state || ' ' || decision ORDER BY id)
              FROM agents_turn WHERE conversation_id = here.conversation_id),
           (SELECT count(*) FROM crm_trailentry AS entry
             WHERE entry.kind = 'message.received'
               AND entry.lead_id = (SELECT lead_id FROM messaging_conversation WHERE id = here.conversation_id))
      FROM messaging_servicewindow AS here WHERE here.address = ANY(%(addresses)s)
"""


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=15)
    clean, _ = swept(arena, traffic, kills=0)
    runs = [swept(arena, traffic, kills=1 + number % 2) for number in range(faults)]
    outcome = audited(traffic, faults=sum(kills for _, kills in runs), trials=MISSED * len(runs))
    wrong = [f"{count} x {row}" for left, _ in runs for row, count in differences(clean, left).items()]
    figures = {**outcome.figures, "rows_that_differ": len(wrong), "killed_half_way": sum(kills for _, kills in runs)}
    return Outcome(outcome.faults, outcome.trials, figures, {**outcome.examples, "rows_that_differ": wrong[:5]})


def swept(arena: Arena, traffic: Traffic, *, kills: int) -> tuple[Counter[str], int]:
    """What one portion of missed messages leaves behind, and how many of the jobs died in their work."""
    arena.query(HOLD_OWN_SWEEPS)
    phones = [traffic.new_phone() for _ in range(MISSED)]
    sids = [traffic.says(phone, "What does it cost?", is_delivered=False).subject for phone in phones]
    time.sleep(QUIET_SECONDS + 0.1)
    done = sum(killed_half_way(arena, sids, share=(number + 1) / (kills + 1)) for number in range(kills))
    jobs = [ready(arena) for _ in range(AT_ONCE if kills else 1)]
    for job in jobs:
        go(job)
    for job in jobs:
        job.wait(60)
    arena.query(LET_OWN_SWEEPS)
    arena.settle()
    return left_behind(arena, phones), done


def killed_half_way(arena: Arena, sids: list[str], *, share: float) -> bool:
    """kill -9 when it has taken in its share; False when it was quicker."""
    job = ready(arena)
    go(job)
    with arena.system.connect() as connection:
        while job.poll() is None:
            [taken] = connection.execute(TAKEN_IN, {"sids": sids}).fetchone() or [0]
            if taken >= share * len(sids):
                job.kill()
                job.wait()
                return bool(taken < len(sids))
    return False


def ready(arena: Arena) -> subprocess.Popen[str]:
    job = programs.start(arena, "sweeping")
    assert job.stdout is not None
    assert job.stdout.readline().strip() == "ready"
    return job


def go(job: subprocess.Popen[str]) -> None:
    assert job.stdin is not None
    job.stdin.write("go\n")
    job.stdin.flush()


def left_behind(arena: Arena, phones: list[str]) -> Counter[str]:
    rows = arena.query(LEFT, {"addresses": [f"whatsapp:{phone}" for phone in phones]})
    return Counter(repr(row[1:]) for row in rows)


def differences(clean: Counter[str], left: Counter[str]) -> Counter[str]:
    return (clean - left) + (left - clean)


ROW = Row(
    number=15,
    name="a periodic job killed half-way and run twice",
    promises=("P6",),
    reach=Reach(at_most={"rows_that_differ": 0, "unsettled": 0}, at_least={"killed_half_way": 1}),
    bug="list_without_keys",
    symptom="rows_that_differ",
    run=run,
    least=1,
    share=0.05,
)
