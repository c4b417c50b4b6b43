"""Row 14: a process forgets a transaction while rows die in the queues; none of them can be removed behind it."""

from __future__ import annotations

import subprocess
import time
from random import Random

from tests.chaos import programs
from tests.chaos.arena import Arena, comes_true
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import Traffic

DEAD_ROWS = 150_000
IDLE_SECONDS = 600  # or until it is killed
ALLOWED_SECONDS = 13.0  # PostgreSQL ends a forgotten transaction after ten (project.settings.databases)
LOOKS = 20

# Written and done within one transaction: nobody ever claims them, and every look at the queue begins with them.
COME = """
    INSERT INTO messaging_webhookevent
        (workspace_id, source, source_id, kind, order_key, key, query, headers, body, received_at, state, due_at,
         attempts_made, error)
    SELECT 0, 'chaos', 0, 'nothing', 'chaos', 'chaos:' || number, '', '{}', '', now(), 'received',
           now() - interval '1 day' + number * interval '1 ms', 0, ''
      FROM generate_series(1, %s) AS number
"""
DIE = "UPDATE messaging_webhookevent SET state = 'ignored', applied_at = now() WHERE source = 'chaos'"
FORGET = "DELETE FROM messaging_webhookevent WHERE source = 'chaos' RETURNING 1"
IDLE = """
    SELECT pid FROM pg_stat_activity
     WHERE state = 'idle in transaction' AND state_change < clock_timestamp() - interval '1 second'
"""


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=14)
    looking = programs.start(arena, "looking")
    answer_of(looking)
    shares = [pinned(arena, traffic, looking) for _ in range(faults)]
    looking.kill()
    arena.query(FORGET)
    outcome = audited(traffic, faults=faults, trials=len(traffic.history.all()))
    figures = {
        "claim_rate_share": min(after for _, after in shares),
        "claim_rate_share_while_pinned": min(during for during, _ in shares),
    }
    return Outcome(outcome.faults, outcome.trials, {**outcome.figures, **figures}, outcome.examples)


def pinned(arena: Arena, traffic: Traffic, looking: subprocess.Popen[str]) -> tuple[float, float]:
    """The rate of claims as a share of the clean rate: while the snapshot is pinned, and when it was allowed for."""
    clean = seconds_of_a_look(looking)
    idling = programs.start(arena, "idling", str(IDLE_SECONDS))
    answer_of(idling)
    pile_up(arena)
    for _ in range(5):
        traffic.says(traffic.new_phone(), "Hello")
    during = clean / seconds_of_a_look(looking)
    comes_true(lambda: not arena.query(IDLE), seconds=ALLOWED_SECONDS)
    time.sleep(0.5)
    seconds_of_a_look(looking)  # the first to come by marks what is dead
    after = clean / seconds_of_a_look(looking)
    idling.kill()
    return during, after


def pile_up(arena: Arena) -> None:
    with arena.system.connect() as connection, connection.transaction():
        connection.execute(COME, [DEAD_ROWS])
        connection.execute(DIE)


def seconds_of_a_look(looking: subprocess.Popen[str]) -> float:
    assert looking.stdin is not None
    looking.stdin.write(f"{LOOKS}\n")
    looking.stdin.flush()
    return float(answer_of(looking))


def answer_of(program: subprocess.Popen[str]) -> str:
    assert program.stdout is not None
    return program.stdout.readline().strip()


ROW = Row(
    number=14,
    name="a forgotten transaction pins dead rows",
    promises=("speed",),
    reach=Reach(at_most={"unsettled": 0}, at_least={"claim_rate_share": 0.5}),
    bug="transactions_may_idle",
    symptom="claim_rate_share",
    run=run,
    least=1,
    share=0.02,
    proven_with="hands",
)
