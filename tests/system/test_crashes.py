"""kill -9 at the worst moments: no step is lost, none happens twice, and no word is said twice.

What counts is what the provider's book holds: each of our message ids at most once.
"""

import time
from collections import Counter
from datetime import datetime

import pytest

from tests.doubles.twilio import CallbackPlan
from tests.system.installation import Acme, Customer, eventually, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]

CUSTOMERS = 5
RUNGS = ["alert", "update", "bridge", "resume"]


@pytest.fixture(scope="module", autouse=True)
def lost_message(acme: Acme) -> Customer:
    """A reply that Twilio never took in: its call hangs and no callback comes. It needs a minute to be believed
    absent, while the other tests of this module run."""
    davi = acme.customer()
    acme.twilio.fault("hang_before_accept", to=davi.address)
    davi.says("Hello")
    eventually(lambda: davi.conversation() and davi.trail("message.queued"))
    return davi


def test_kill_9_between_steps_and_as_one_falls_due_loses_none_and_repeats_none(acme: Acme) -> None:
    held_up = killed_while_calendly_is_asked(acme)
    acme.set_ladder(6, 14, 22, 30)
    customers = [acme.customer() for _ in range(CUSTOMERS)]
    handovers = [customer.asks_for_person() for customer in customers]
    due = {step["rung"]: datetime.fromisoformat(step["due_at"]) for step in handovers[CUSTOMERS // 2]["steps"]}

    eventually(lambda: all(customer.steps()["alert"] == "fired" for customer in customers))
    acme.kill("worker")  # between steps
    for rung in ("update", "resume"):
        wait_until(due[rung])  # some of the customers' steps are being worked on in this moment, some are not
        acme.kill("worker")
        acme.kill("beat")

    for customer in (*customers, held_up):
        eventually(lambda one=customer: one.handover()["state"] == "callback", seconds=90)
        told_once(customer)
    assert held_up.steps()["bridge"] == "fired"


def killed_while_calendly_is_asked(acme: Acme) -> Customer:
    """The bridge's step is claimed, and its worker dies in the call: the step's lease must run out first."""
    acme.set_ladder(0.5, 1, 1.5, 38)
    acme.calendly.fault("hang")
    davi = acme.customer()
    davi.asks_for_person()
    eventually(lambda: ("POST", "/scheduling_links") in acme.calendly.requests)
    acme.kill("worker")
    return davi


def told_once(davi: Customer) -> None:
    """Every step has one outcome, and the words of each fired step reached the phone exactly once."""
    steps = davi.handover()["steps"]
    assert Counter(step["rung"] for step in steps) == Counter(RUNGS)  # one that waited for the floor is listed later
    assert {step["state"] for step in steps} == {"fired"}, steps
    fired = {step["message"] for step in steps if step["state"] == "fired" and step["rung"] != "alert"}
    eventually(lambda: fired <= set(davi.ids_heard()))
    acknowledgement = 1
    assert len(davi.ids_heard()) == len(fired) + acknowledgement
    assert max(Counter(davi.ids_heard()).values()) == 1
    closed = Counter(event["facts"]["rung"] for event in davi.trail("ladder.fired"))
    assert closed == Counter(RUNGS)


def test_a_beat_that_is_killed_is_missed_by_nobody(acme: Acme) -> None:
    acme.set_ladder(1, 2, 3, 4)
    acme.kill("beat")
    davi = acme.customer()
    davi.asks_for_person()
    eventually(lambda: davi.handover()["state"] == "callback", seconds=60)
    told_once(davi)


def test_kill_9_during_a_send_is_settled_by_the_callback_and_never_sent_twice(acme: Acme) -> None:
    davi = acme.customer()
    acme.twilio.plan = CallbackPlan.of("sent", "delivered", delay=2)
    acme.twilio.fault("hang_after_accept", to=davi.address)
    davi.says("Hello")
    davi.waits_for_texts(1)
    acme.kill("worker")  # it waits for Twilio's answer
    acme.twilio.plan = CallbackPlan()

    eventually(lambda: davi.messages()[-1]["status"] == "delivered")
    davi.says("What does it cost?")
    davi.waits_for_texts(2)
    time.sleep(2)
    assert max(Counter(davi.ids_heard()).values()) == 1
    assert len(davi.heard()) == 2


def test_a_message_that_twilio_never_had_is_found_absent_and_sent_once(acme: Acme, lost_message: Customer) -> None:
    assert lost_message.trail("message.unknown") or lost_message.messages()[-1]["status"] in ("sending", "unknown")
    lost_message.waits_for_texts(1, seconds=150)
    why = [event["reason"] for event in lost_message.trail("message.deferred")]
    assert any("never had it" in reason for reason in why)
    time.sleep(2)
    assert len(lost_message.heard()) == 1
