"""The client against the double over HTTP, the webhook's signature, and what the events say."""

import contextlib
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handover.calendly.client import CalendlyClient, CalendlyError, CalendlyErrorKind, with_tracking
from handover.calendly.payloads import EventName, UnreadableEvent, UnrelatedEvent, read_event
from handover.calendly.webhook import NotAnEvent, event_key, order_key, parse_event, verify
from tests.doubles.calendly import (
    EVENT_TYPE,
    SIGNING_KEY,
    TOKEN,
    CalendlyDouble,
    canceled,
    created,
    no_show,
    rescheduled,
    signature,
    token_of,
)

NOW = datetime.fromtimestamp(1765000000, UTC)
TOMORROW = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)


@pytest.fixture
def calendly() -> Iterator[CalendlyDouble]:
    with CalendlyDouble() as double:
        yield double


@pytest.fixture
def client(calendly: CalendlyDouble) -> Iterator[CalendlyClient]:
    with CalendlyClient(TOKEN, calendly.url, timeout=1.0) as client:
        yield client


def error_of(client: CalendlyClient) -> CalendlyError:
    with pytest.raises(CalendlyError) as failed:
        client.create_single_use_link(EVENT_TYPE)
    return failed.value


# -- the API -----------------------------------------------------------------------------------------------


def test_the_account_says_who_owns_the_token(client):
    account = client.me()

    assert account.email == "bruno@example.com"
    assert account.organization.endswith("/organizations/ORG000000000001")


def test_the_event_types_are_those_of_the_token(client):
    [event_type] = client.event_types()

    assert (event_type.uri, event_type.duration) == (EVENT_TYPE, 30)


def test_every_link_is_another_one(calendly, client):
    links = {client.create_single_use_link(EVENT_TYPE) for _ in range(3)}

    assert len(links) == 3
    assert links == set(calendly.links)


def test_available_times_are_asked_for_week_by_week(calendly, client):
    times = client.available_times(EVENT_TYPE, start=TOMORROW, end=TOMORROW + timedelta(days=16))

    asked = [path for _, path in calendly.requests]
    assert asked == ["/event_type_available_times"] * 3
    assert times == sorted(times, key=lambda time: time.starts_at)
    assert all(TOMORROW <= time.starts_at < TOMORROW + timedelta(days=16) for time in times)


def test_a_webhook_is_subscribed_once_for_an_address(calendly, client):
    client.create_webhook_subscription("https://baton.example/hooks/c/1/", SIGNING_KEY)

    with pytest.raises(CalendlyError) as refused:
        client.create_webhook_subscription("https://baton.example/hooks/c/1/", SIGNING_KEY)

    assert (refused.value.kind, refused.value.status) == (CalendlyErrorKind.REJECTED, 409)
    [subscription] = calendly.subscriptions
    assert subscription.signing_key == SIGNING_KEY


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("401", CalendlyErrorKind.UNAUTHORIZED, 401),
        ("403", CalendlyErrorKind.UNAUTHORIZED, 403),
        ("429", CalendlyErrorKind.RATE_LIMITED, 429),
        ("taken", CalendlyErrorKind.REJECTED, 400),
        ("500", CalendlyErrorKind.UNREACHABLE, 500),
        ("hang", CalendlyErrorKind.UNREACHABLE, None),
        ("broken", CalendlyErrorKind.UNREACHABLE, None),
    ],
)
def test_every_failure_has_a_name(calendly, client, fault, kind, status):
    calendly.fault(fault)

    error = error_of(client)

    assert (error.kind, error.status) == (kind, status)
    assert client.create_single_use_link(EVENT_TYPE)


def test_a_rate_limit_says_for_how_long(calendly, client):
    calendly.fault("429")

    assert error_of(client).retry_after == 37.0


def test_a_closed_port_is_unreachable():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with CalendlyClient(TOKEN, f"http://127.0.0.1:{closed.getsockname()[1]}") as client:
            assert error_of(client).kind is CalendlyErrorKind.UNREACHABLE


def test_a_wrong_token_is_unauthorized_and_not_repeated_in_the_error(calendly):
    with CalendlyClient("stale-token", calendly.url) as client:
        error = error_of(client)

    assert error.kind is CalendlyErrorKind.UNAUTHORIZED
    assert "stale-token" not in str(error)


# -- the link ----------------------------------------------------------------------------------------------


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def test_a_link_carries_our_token_and_the_invitees_details():
    url = with_tracking("https://calendly.com/d/abc", token="t-1", name="José & Ana", email="a+b@example.com")

    assert query_of(url) == {
        "utm_source": "baton",
        "name": "José & Ana",
        "email": "a+b@example.com",
        "utm_content": "t-1",
    }
    assert token_of(url) == "t-1"


def test_what_a_link_says_already_stays_except_for_another_token():
    url = with_tracking("https://c.com/d/a?month=2026-12&utm_source=ads&utm_content=x&a1=#part", token="t", name="")

    assert query_of(url) == {"month": "2026-12", "utm_source": "ads", "a1": "", "utm_content": "t"}
    assert url.endswith("#part")


# -- the signature -----------------------------------------------------------------------------------------

BODY = b'{"event":"invitee.created"}'
SIGNED = "t=1765000000,v1=1be5b820738b8198ad9f328ca1c178d21877ef6f79030fa23e547d25fea04253"


def is_accepted(header: str = SIGNED, *, body: bytes = BODY, key: str = "calkey", now: datetime = NOW) -> bool:
    return verify(headers={"Calendly-Webhook-Signature": header}, body=body, secrets={"signing_key": key}, now=now)


def test_calendlys_signature_is_accepted_in_any_case_of_the_header():
    assert is_accepted()
    assert verify(headers={"calendly-webhook-signature": SIGNED}, body=BODY, secrets={"signing_key": "calkey"}, now=NOW)


def test_another_body_or_key_is_refused():
    assert not is_accepted(body=BODY + b" ")
    assert not is_accepted(key="other")
    assert not is_accepted(key="")


@pytest.mark.parametrize(("seconds", "accepted"), [(0, True), (180, True), (-180, True), (181, False), (-181, False)])
def test_a_signature_holds_for_three_minutes(seconds, accepted):
    assert is_accepted(now=NOW + timedelta(seconds=seconds)) is accepted


def test_one_good_signature_of_several_is_enough():
    stamp, good = SIGNED.split(",")

    assert is_accepted(f"{stamp},v1=00,{good}")
    assert is_accepted(f"{stamp}, {good}, v2=abc")


@pytest.mark.parametrize("header", ["", "t=1765000000", SIGNED.split(",")[1], "t=x,v1=y", "t=١٧٦٥,v1=é", "t=9" * 99])
def test_a_missing_or_strange_header_is_refused(header):
    assert not is_accepted(header)
    assert not verify(headers={}, body=BODY, secrets={"signing_key": "calkey"}, now=NOW)


@given(header=st.text(), body=st.binary())
def test_nothing_that_arrives_raises(header, body):
    assert is_accepted(header, body=body) is False


def test_what_the_double_signs_is_accepted():
    assert is_accepted(signature(BODY, "calkey", at=NOW.timestamp()))


# -- the events --------------------------------------------------------------------------------------------


def test_a_booking_is_known_by_our_token_and_has_a_time():
    event = read_event(created("t-1", starts_at=TOMORROW, minutes=45))

    assert (event.event, event.token, event.email) == (EventName.CREATED, "t-1", "davi@example.com")
    assert (event.starts_at, event.ends_at) == (TOMORROW, TOMORROW + timedelta(minutes=45))
    assert not event.is_reschedule


def test_a_booking_from_elsewhere_has_no_token():
    booking = created(None)
    assert read_event(booking).token == ""

    booking["payload"]["tracking"] = None
    assert read_event(booking).token == ""


def test_a_cancellation_says_who_and_why():
    event = read_event(canceled(created("t-1"), reason="ill"))

    assert (event.event, event.cancel_reason, event.canceled_by) == (EventName.CANCELED, "ill", "Davi Silva")
    assert not event.is_reschedule


def test_both_halves_of_a_reschedule_know_each_other():
    booking = created("t-1")
    gone, come = (read_event(event) for event in rescheduled(booking, starts_at=TOMORROW))

    assert gone.is_reschedule and come.is_reschedule
    assert (gone.invitee_uri, gone.new_invitee) == (come.old_invitee, come.invitee_uri)
    assert (come.starts_at, come.token) == (TOMORROW, "t-1")


def test_a_no_show_names_its_invitee_in_either_shape():
    booking = created("t-1")
    mark = {"uri": "https://api.calendly.com/invitee_no_shows/N1", "invitee": booking["payload"]["uri"]}

    whole = read_event(no_show(booking))
    bare = read_event({"event": "invitee_no_show.created", "payload": mark})

    assert whole.invitee_uri == bare.invitee_uri == booking["payload"]["uri"]
    assert whole.no_show_uri and bare.no_show_uri == mark["uri"]


def test_an_event_of_another_kind_is_unrelated():
    with pytest.raises(UnrelatedEvent, match="routing_form"):
        read_event({"event": "routing_form_submission.created", "payload": {}})


@pytest.mark.parametrize(
    ("field", "value"),
    [("uri", None), ("uri", ""), ("scheduled_event", None), ("scheduled_event", {"start_time": "soon"})],
)
def test_a_booking_that_lacks_what_matters_names_it(field, value):
    booking = created("t-1")
    booking["payload"][field] = value

    with pytest.raises(UnreadableEvent, match=field):
        read_event(booking)


def test_what_an_invitee_types_can_be_stored():
    event = read_event(json.loads(json.dumps(created("t-1", name="a\x00b\ud800"))))

    assert event.name == "a\ufffdb\ufffd\ufffd\ufffd"


def test_an_event_is_known_by_its_name_and_its_invitee():
    booking = created("t-1")

    assert event_key(booking) == event_key(json.loads(json.dumps(booking)))
    assert len({event_key(event) for event in (booking, canceled(booking), created("t-1"))}) == 3


def test_a_second_no_show_of_one_invitee_is_another_event():
    booking = created("t-1")

    assert event_key(no_show(booking)) != event_key(no_show(booking))


def test_both_halves_of_a_reschedule_are_applied_one_after_the_other():
    assert {order_key(event) for event in rescheduled(created("t-1"), starts_at=TOMORROW)} == {"t-1"}


@pytest.mark.parametrize("strange", [{}, {"event": 1, "payload": 2}, {"event": "x", "payload": {"uri": "u" * 999}}])
def test_a_strange_event_is_known_by_its_hash(strange):
    assert event_key(strange).startswith("event:")


@pytest.mark.parametrize("body", [b"", b"x", b"[1]", b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_event_is_named_so(body):
    with pytest.raises(NotAnEvent):
        parse_event(body)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner), max_leaves=3)


@given(payload=st.dictionaries(st.sampled_from(list(created()["payload"])), JSON))
def test_a_surprising_payload_is_an_event_or_a_named_error(payload):
    envelope = {"event": "invitee.created", "payload": payload}
    assert len(event_key(envelope)) <= 255 and len(order_key(envelope)) <= 200
    with contextlib.suppress(UnreadableEvent):
        read_event(envelope)
