"""Row 7: every webhook three times, out of order and at once; every callback three times, in the wrong order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from random import Random

from bench.system import SENDER
from tests.chaos.arena import Arena
from tests.chaos.matrix import Outcome, Reach, Row, audited
from tests.chaos.traffic import SAYINGS, Traffic
from tests.doubles.twilio import CallbackPlan, inbound_form

COPIES = 3
THREADS = 16
A_CUSTOMER = 8  # messages


def run(arena: Arena, faults: int, rng: Random) -> Outcome:
    """A fault is a message that is delivered more than once."""
    traffic = Traffic(arena, rng, row=7)
    arena.twilio.plan = CallbackPlan.of("read", "delivered", "sent", copies=COPIES)
    forms = [form for _ in range(-(-faults // A_CUSTOMER)) for form in words_of(traffic)][:faults]
    deliveries = forms * COPIES
    rng.shuffle(deliveries)
    for form in forms:
        arena.twilio.receive(form)
    with ThreadPoolExecutor(THREADS) as drivers:
        for form in deliveries:
            drivers.submit(traffic.deliver, form["From"].removeprefix("whatsapp:"), form)
    outcome = audited(traffic, faults=len(forms), trials=len(forms), deliveries=len(deliveries))
    backwards = arena.query(WENT_BACKWARDS, {"addresses": [form["From"] for form in forms]})
    figures = {**outcome.figures, "not_read": float(len(backwards))}
    return Outcome(outcome.faults, outcome.trials, figures, outcome.examples)


def words_of(traffic: Traffic) -> list[dict[str, str]]:
    address = f"whatsapp:{traffic.new_phone()}"
    return [inbound_form(traffic.rng.choice(SAYINGS), sender=address, to=SENDER) for _ in range(A_CUSTOMER)]


WENT_BACKWARDS = """
    SELECT word.id FROM messaging_message AS word
      JOIN messaging_servicewindow AS here ON here.conversation_id = word.conversation_id
     WHERE here.address = ANY(%(addresses)s) AND word.status IN ('accepted', 'sent', 'delivered')
"""

ROW = Row(
    number=7,
    name="webhooks repeated, reordered, at once",
    promises=("P1", "P2"),
    reach=Reach(at_most={"unsettled": 0, "not_read": 0}),
    bug="no_unique_key",
    symptom="inbound_twice",
    run=run,
    least=24,
    share=5,
    proven_with="kills",
)
