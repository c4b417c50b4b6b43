"""Row 9: two beats tick for everything; then none does for two hours, and both come back."""

from __future__ import annotations

import time
from contextlib import ExitStack
from random import Random

from tests.chaos.arena import Arena, wait_for
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import Traffic
from tests.system.installation import ASKS_FOR_PERSON

WAITING = 4  # customers in each outage
TWO_BEATS_SECONDS = 4.0

HANDOVERS = """
    SELECT handover.id FROM handover_handover AS handover
      JOIN messaging_servicewindow AS here USING (conversation_id)
     WHERE here.address = ANY(%(addresses)s)
"""
PASS_TIME = """
    WITH asked AS (
        UPDATE handover_handover SET requested_at = requested_at - interval '2 hours' WHERE id = ANY(%(ids)s)
    ), said AS (
        UPDATE messaging_message SET at = at - interval '2 hours' WHERE conversation_id IN (
            SELECT conversation_id FROM handover_handover WHERE id = ANY(%(ids)s))
    )
    UPDATE handover_ladderstep SET due_at = due_at - interval '2 hours' WHERE handover_id = ANY(%(ids)s)
    RETURNING id
"""
CLOSED = """
    SELECT handover_id, rung, state, verdict FROM handover_ladderstep
     WHERE handover_id = ANY(%(ids)s) ORDER BY handover_id, due_at
"""


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    traffic = Traffic(arena, rng, row=9)
    with traffic.flowing(a_second=6, asking=0.5):
        time.sleep(TWO_BEATS_SECONDS)
    handovers = [handover for _ in range(faults) for handover in outage(arena, traffic)]
    outcome = audited(traffic, faults=faults, trials=4 * len(handovers))
    wrong = list(wrongly_closed(arena, handovers))
    figures = {**outcome.figures, "late_handovers": len(handovers), "wrongly_closed": len(wrong)}
    return Outcome(outcome.faults, outcome.trials, figures, {**outcome.examples, "wrongly_closed": wrong[:5]})


def outage(arena: Arena, traffic: Traffic) -> list[int]:
    """Both beats stand still, customers ask for a person, and two hours pass before anybody ticks again."""
    with ExitStack() as beatless:
        for beat in arena.alive("beat"):
            beatless.enter_context(arena.paused(beat))
        time.sleep(1.5)  # the ticks that had left
        phones = [traffic.new_phone() for _ in range(WAITING)]
        for phone in phones:
            traffic.says(phone, ASKS_FOR_PERSON)
        addresses = {"addresses": [f"whatsapp:{phone}" for phone in phones]}
        wait_for(lambda: len(arena.query(HANDOVERS, addresses)) == WAITING, "the handovers, without any beat")
        handovers = [row[0] for row in arena.query(HANDOVERS, addresses)]
        arena.query(PASS_TIME, {"ids": handovers})
    return handovers


def wrongly_closed(arena: Arena, handovers: list[int]) -> list[str]:
    """Only the last rung may fire; each before it says that a later one was due as well."""
    arena.settle()
    return [
        f"handover {handover}, {rung}: {state}, {verdict}"
        for handover, rung, state, verdict in arena.query(CLOSED, {"ids": handovers})
        if (state != "fired" if rung == "resume" else state != "superseded" or not verdict.startswith("superseded: "))
    ]


ROW = Row(
    number=9,
    name="two beats; none for two hours, then both",
    promises=("P4", "P6"),
    reach=Reach(at_most={"wrongly_closed": 0, "unsettled": 0}, at_least={"late_handovers": WAITING}),
    bug="every_late_rung_fires",
    symptom="wrongly_closed",
    run=run,
    least=1,
    share=0.1,
    proven_with="hands",
)
