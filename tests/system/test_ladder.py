"""The main job on a real installation: signed webhooks in, words out at the ladder's times, and each of its ends."""

import os
import time
from datetime import datetime

import pytest

from tests.doubles.calendly import SIGNING_KEY, created, send_event, token_of
from tests.system.installation import Acme, Customer, eventually, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def tolerance() -> float:
    """Two seconds; on a machine with more to do than processors, as many times more."""
    return 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


def test_a_signed_message_gets_a_reply(acme: Acme) -> None:
    davi = acme.customer()
    davi.says("Hello")
    [reply] = davi.waits_for_texts(1)
    assert reply.status_callback.partition("?")[2].startswith("mid=")
    eventually(lambda: davi.messages()[-1]["status"] == "read")


def test_a_request_for_a_person_runs_all_four_steps_at_their_times(acme: Acme) -> None:
    acme.set_ladder(3, 6, 9, 12)
    davi = acme.customer()
    handover = davi.asks_for_person()
    begun = datetime.fromisoformat(handover["requested_at"]).timestamp()
    acknowledgement, update, bridge, resume = davi.waits_for_texts(4)
    arrivals = [message.arrived_at - begun for message in (acknowledgement, update, bridge, resume)]
    for arrived, due in zip(arrivals, (0, 6, 9, 12), strict=True):
        assert due <= arrived <= due + tolerance(), (arrivals, davi.trail())
    assert "colleague" in acknowledgement.body
    assert "https://calendly.com/d/" in bridge.body
    assert "contract" in bridge.body

    after = eventually(lambda: shown if (shown := davi.handover())["state"] == "callback" else {})
    assert [step["rung"] for step in after["steps"]] == ["alert", "update", "bridge", "resume"]
    for step, due in zip(after["steps"], (3, 6, 9, 12), strict=True):
        assert step["state"] == "fired"
        late = datetime.fromisoformat(step["done_at"]).timestamp() - begun - due
        assert 0 <= late <= tolerance(), step


def test_the_trail_tells_the_whole_story_once_and_in_order(acme: Acme) -> None:
    acme.set_ladder(1, 2, 3, 4)
    davi = acme.customer()
    davi.asks_for_person()
    davi.waits_for_texts(4)
    eventually(lambda: davi.handover()["state"] == "callback")
    told = acme.manage("trail", "--workspace", "acme", "--lead", davi.phone)["events"]
    steps = [event for event in told if event["kind"] == "ladder.fired"]
    assert [event["facts"]["rung"] for event in steps] == ["alert", "update", "bridge", "resume"]
    kinds = [event["kind"] for event in told]
    assert kinds.index("message.received") < kinds.index("turn.decided") < kinds.index("handover.requested")
    assert kinds.count("handover.requested") == kinds.count("booking.offered") == 1
    assert all(event["reason"] for event in told)


def test_each_customer_gets_a_booking_link_of_their_own(acme: Acme) -> None:
    acme.set_ladder(0.2, 0.4, 0.6, 30)
    links = []
    for davi in (acme.customer(), acme.customer()):
        davi.asks_for_person()
        links.append(link_in(davi, seconds=20))
    assert len({link.partition("?")[0] for link in links}) == 2
    assert len({token_of(link) for link in links}) == 2
    assert {link.partition("?")[0] for link in links} <= set(acme.calendly.links)


def test_a_persons_reply_ends_the_ladder_at_once(acme: Acme) -> None:
    davi = climbing(acme)
    davi.staff("messages", {"body": "Ana here, how can I help?"})
    ends(davi, "answered")
    eventually(lambda: davi.heard_texts()[-1] == "Ana here, how can I help?")
    stays_ended(davi)


def test_a_booking_ends_the_ladder_at_once(acme: Acme) -> None:
    davi = climbing(acme)
    event = created(token_of(link_in(davi)))
    assert send_event(acme.calendly_url, event, signing_key=SIGNING_KEY) == 200
    ends(davi, "booked")
    assert davi.trail("booking.booked")
    stays_ended(davi)


def test_a_resolution_ends_the_ladder_at_once(acme: Acme) -> None:
    davi = climbing(acme)
    davi.staff("resolve")
    ends(davi, "resolved")
    stays_ended(davi)


def climbing(acme: Acme) -> Customer:
    """A customer who has been offered a call, some seconds before the AI would resume."""
    acme.set_ladder(0.5, 1, 1.5, 7)
    davi = acme.customer()
    davi.asks_for_person()
    link_in(davi)
    return davi


def link_in(davi: Customer, *, seconds: float = 30) -> str:
    def offered() -> str:
        words = " ".join(davi.heard_texts()).split()
        return next((word for word in words if word.startswith("https://calendly.com/d/")), "")

    return eventually(offered, seconds=seconds)


def ends(davi: Customer, state: str) -> None:
    """Before the last step falls due."""
    handover = eventually(lambda: shown if (shown := davi.handover())["state"] != "waiting" else {}, seconds=3)
    assert handover["state"] == state
    [resume] = [step for step in handover["steps"] if step["rung"] == "resume"]
    assert resume["state"] == "not_needed"
    assert resume["done_at"] < resume["due_at"]


def stays_ended(davi: Customer) -> None:
    heard = davi.heard_texts()
    [resume] = [step for step in davi.handover()["steps"] if step["rung"] == "resume"]
    wait_until(datetime.fromisoformat(resume["due_at"]))
    time.sleep(1.5)
    assert davi.heard_texts() == heard
