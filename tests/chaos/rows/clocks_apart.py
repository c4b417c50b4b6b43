"""Row 10: one worker's clock is 90 seconds ahead and the other's 90 behind; web and PostgreSQL keep the time.

Leases are PostgreSQL's, so no voice may overlap. Business time is the process's: a rung may come early by as much as
the clock of its process is ahead, and by no more.
"""

from __future__ import annotations

import time
from random import Random

from tests.chaos.arena import Arena
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.rows.provider_ill import IllProvider
from tests.chaos.traffic import Traffic

APART = 90.0
READING = 0.1  # a clock is read before it is acted upon
PATIENCE = {"seconds": 300.0, "stalled": 200.0}
"""What one worker puts off for a moment is due for the other three minutes later, and nothing moves meanwhile."""

RUNGS = """
    SELECT step.message_id::text, step.rung, extract(epoch FROM step.due_at)::float
      FROM handover_ladderstep AS step JOIN messaging_servicewindow AS here
        ON here.conversation_id = (SELECT conversation_id FROM handover_handover WHERE id = step.handover_id)
     WHERE step.state = 'fired' AND step.message_id IS NOT NULL AND here.address = ANY(%(addresses)s)
"""


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=10)
    provider = IllProvider(arena, rng, spared=set())
    arena.twilio.calls.on_call = provider.hear
    deadline = time.monotonic() + 10 + 3 * faults
    with traffic.flowing(a_second=5, asking=0.3, staffed=0):
        while provider.faults < faults and time.monotonic() < deadline:
            time.sleep(0.2)
    outcome = audited(traffic, faults=provider.faults, trials=len(arena.twilio.calls.all()), patience=PATIENCE)
    early = earliness(traffic)
    figures = {**outcome.figures, "earliest_rung_s": max(early, default=0.0), "rungs": len(early)}
    return Outcome(outcome.faults, outcome.trials, figures, outcome.examples)


def earliness(traffic: Traffic) -> list[float]:
    """How long before its time each rung's words were at the provider, by a clock that goes right."""
    arrived = {call.mid: call.arrived_at for call in traffic.arena.twilio.calls.all()}
    addresses = [f"whatsapp:{phone}" for phone in traffic.history.phones()]
    rungs = traffic.arena.query(RUNGS, {"addresses": addresses})
    return [due - arrived[mid] for mid, _, due in rungs if mid in arrived]


ROW = Row(
    number=10,
    name="clocks of two workers three minutes apart",
    promises=("P3", "P4"),
    reach=Reach(at_most={"earliest_rung_s": APART + READING, "unsettled": 0}, at_least={"rungs": 3}),
    bug="leases_by_own_clock",
    symptom="outbound_repeated",
    run=run,
    least=8,
    share=1,
    environment={"BATON_SKEW_SECONDS": f"worker1={APART:g},worker2=-{APART:g}"},
)
