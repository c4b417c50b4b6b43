"""The control API of the Calendly double: what a person who runs it alone relies on."""

from collections.abc import Iterator

import pytest
import requests

from handover.calendly.client import CalendlyClient, with_tracking
from handover.calendly.webhook import verify
from project.kernel import clock
from tests.doubles.calendly import EVENT_TYPE, SIGNING_KEY, TOKEN, CalendlyDouble
from tests.doubles.listener import Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def calendly(listener: Listener) -> Iterator[CalendlyDouble]:
    with CalendlyDouble() as double:
        with CalendlyClient(TOKEN, double.url) as client:
            client.create_webhook_subscription(f"{listener.url}/hooks/", SIGNING_KEY)
        yield double


def control(calendly: CalendlyDouble, action: str, **asked):
    answer = requests.post(f"{calendly.url}/_control/{action}", json=asked)
    answer.raise_for_status()
    return answer.json()


def booked(calendly: CalendlyDouble):
    with CalendlyClient(TOKEN, calendly.url) as client:
        link = client.create_single_use_link(EVENT_TYPE)
    return control(calendly, "book", booking_url=with_tracking(link, token="t-1"), name="Davi")


def test_a_booking_uses_up_its_link_and_is_told_with_a_signature(calendly, listener):
    event = booked(calendly)

    [request] = listener.heard
    assert request.json() == event
    assert event["payload"]["tracking"]["utm_content"] == "t-1"
    assert calendly.links == {}
    secrets = {"signing_key": SIGNING_KEY}
    assert verify(headers=dict(request.headers), body=request.body, secrets=secrets, now=clock.now())


@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_reschedule_is_told_by_two_events_in_either_order(calendly, listener, is_reversed):
    invitee = booked(calendly)["payload"]["uri"]

    control(calendly, "reschedule", invitee=invitee, starts_at="2030-01-01T12:00:00+00:00", reversed=is_reversed)

    told = [request.json()["event"] for request in listener.heard[1:]]
    assert told == sorted(["invitee.canceled", "invitee.created"], reverse=is_reversed)


def test_a_cancellation_and_a_no_show_are_told(calendly, listener):
    invitee = booked(calendly)["payload"]["uri"]

    control(calendly, "cancel", invitee=invitee)
    control(calendly, "no_show", invitee=invitee)

    told = [request.json()["event"] for request in listener.heard[1:]]
    assert told == ["invitee.canceled", "invitee_no_show.created"]


def test_an_unknown_control_is_refused(calendly):
    assert requests.post(f"{calendly.url}/_control/nothing", json={}).status_code == 400
    assert requests.post(f"{calendly.url}/_control/faults", json={"fault": "x"}).status_code == 400
