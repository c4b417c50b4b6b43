"""The official client against the double, over HTTP: every way in which a call may end."""

import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from messaging.channels.twilio import transport as twilio_transport
from messaging.channels.twilio.transport import TwilioTransport
from messaging.channels.whatsapp_twilio.transport import build
from messaging.transports import ErrorKind, Outgoing, TransportError, transport_for
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN, CallbackPlan, TwilioDouble, inbound_form

SENDER = "whatsapp:+14155238886"
DAVI = "whatsapp:+5511900000001"
HELLO = Outgoing(message_id="m1", to=DAVI, body="Olá, Davi", status_url=None)


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble(plan=CallbackPlan.of("sent", delay=0)) as double:
        yield double


@pytest.fixture
def transport(twilio: TwilioDouble, monkeypatch: pytest.MonkeyPatch) -> TwilioTransport:
    monkeypatch.setattr(twilio_transport, "READ_SECONDS", 1.0)
    return connected_to(twilio.url)


def connected_to(api_base: str, *, auth_token: str = AUTH_TOKEN) -> TwilioTransport:
    config = {"account_sid": ACCOUNT_SID, "sender": SENDER, "api_base": api_base}
    return build(config, {"auth_token": auth_token})


def all_sent(twilio: TwilioDouble) -> bool:
    deadline = time.monotonic() + 3
    while time.monotonic() < deadline and any(message.sent_at is None for message in twilio.messages()):
        time.sleep(0.01)
    return all(message.sent_at for message in twilio.messages())


def refusal_of(transport: TwilioTransport, outgoing: Outgoing = HELLO) -> TransportError:
    with pytest.raises(TransportError) as refused:
        transport.send(outgoing)
    return refused.value


def test_an_accepted_message_gives_the_sid_and_first_status(twilio, transport):
    receipt = transport.send(HELLO)

    [booked] = twilio.messages()
    assert (receipt.provider_id, receipt.status) == (booked.sid, "queued")
    assert (booked.to, booked.sender, booked.body) == (DAVI, SENDER, "Olá, Davi")


def test_a_template_goes_out_by_its_sid_with_variables_and_without_text(twilio, transport):
    transport.send(Outgoing("m1", DAVI, "fallback text", content_sid="HX" + "a" * 32, content_variables={"1": "José"}))

    [booked] = twilio.messages()
    assert (booked.content_sid, booked.content_variables) == ("HX" + "a" * 32, '{"1": "José"}')
    assert booked.body == ""


def test_media_and_the_status_address_are_passed_on(twilio, transport):
    status_url = "http://127.0.0.1:1/status/?mid=m1"
    media = ("https://example.com/1.jpg", "https://example.com/2.jpg")

    transport.send(Outgoing("m1", DAVI, "", media=media, status_url=status_url))

    [booked] = twilio.messages()
    assert (tuple(booked.media), booked.status_callback) == (media, status_url)


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (63016, ErrorKind.WINDOW_CLOSED),
        (21610, ErrorKind.OPTED_OUT),
        (63014, ErrorKind.OPTED_OUT),
        (63024, ErrorKind.INVALID_RECIPIENT),
        (63007, ErrorKind.SENDER_BLOCKED),
        (63051, ErrorKind.SENDER_BLOCKED),
        (63018, ErrorKind.RATE_LIMITED),
        (21408, ErrorKind.MISCONFIGURED),
        (63005, ErrorKind.REJECTED),
        (99999, ErrorKind.REJECTED),
    ],
)
def test_a_refusal_is_named_by_its_code(twilio, transport, code, kind):
    twilio.fault("error", code=code)

    error = refusal_of(transport)

    assert (error.kind, error.code) == (kind, str(code))
    assert twilio.messages() == []


def test_a_text_that_is_too_long_is_our_own_mistake(twilio, transport):
    error = refusal_of(transport, Outgoing("m1", DAVI, "x" * 1601))

    assert (error.kind, error.code) == (ErrorKind.MISCONFIGURED, "21617")


def test_an_address_that_twilio_refuses_is_an_invalid_recipient(twilio, transport):
    error = refusal_of(transport, Outgoing("m1", "whatsapp:+0", "hello"))

    assert (error.kind, error.code) == (ErrorKind.INVALID_RECIPIENT, "21211")


def test_a_wrong_token_blocks_the_sender(twilio):
    error = refusal_of(connected_to(twilio.url, auth_token="stale"))

    assert (error.kind, error.code) == (ErrorKind.SENDER_BLOCKED, "20003")


def test_too_many_requests_may_be_repeated(twilio, transport):
    twilio.fault("429")

    error = refusal_of(transport)

    assert (error.kind, error.code, error.retry_after) == (ErrorKind.RATE_LIMITED, "20429", 1.0)
    assert transport.send(HELLO).status == "queued"


@pytest.mark.parametrize(
    "fault",
    [
        "hang_after_accept",
        "reset_after_accept",
        "503_after_accept",
        "broken_201",
        "empty_201",
        "cut_201",
        "unexpected_201",
    ],
)
def test_an_accepted_message_whose_answer_got_lost_is_unknown(twilio, transport, fault):
    twilio.fault(fault)

    assert refusal_of(transport).kind is ErrorKind.UNKNOWN
    assert len(twilio.messages()) == 1


@pytest.mark.parametrize("fault", ["hang_before_accept", "reset", "503_html"])
def test_a_call_that_broke_before_acceptance_is_unknown_too_for_nobody_can_tell(twilio, transport, fault):
    twilio.fault(fault)

    assert refusal_of(transport).kind is ErrorKind.UNKNOWN
    assert twilio.messages() == []


def test_an_internal_error_is_unknown_even_with_a_code(twilio, transport):
    twilio.fault("error", code=20500, status=500)

    assert refusal_of(transport).kind is ErrorKind.UNKNOWN


def test_a_call_is_made_once_whatever_happens(twilio, transport):
    twilio.fault("hang_after_accept", times=5)

    refusal_of(transport)

    assert len(twilio.messages()) == 1


def test_a_slow_answer_within_the_limit_is_a_good_one(twilio, transport):
    twilio.fault("slow", ms=100)

    assert transport.send(HELLO).provider_id


def test_a_closed_port_means_that_nothing_left(transport):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        error = refusal_of(connected_to(f"http://127.0.0.1:{closed.getsockname()[1]}"))

    assert error.kind is ErrorKind.UNREACHABLE


def test_an_unknown_host_means_that_nothing_left():
    assert refusal_of(connected_to("http://no-such-host.invalid")).kind is ErrorKind.UNREACHABLE


def test_a_host_that_never_accepts_means_that_nothing_left(monkeypatch):
    monkeypatch.setattr(twilio_transport, "CONNECT_SECONDS", 0.2)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for client in waiting:
            client.setblocking(False)
            client.connect_ex(full.getsockname())
        error = refusal_of(connected_to(f"http://127.0.0.1:{full.getsockname()[1]}"))
        for client in waiting:
            client.close()

    assert error.kind is ErrorKind.UNREACHABLE


def test_text_that_cannot_be_encoded_is_rejected_before_it_leaves(twilio, transport):
    error = refusal_of(transport, Outgoing("m1", DAVI, "broken \ud800"))

    assert error.kind is ErrorKind.REJECTED
    assert twilio.messages() == []


def test_an_error_tells_no_secret_and_no_text_of_the_message(twilio, transport, caplog):
    caplog.set_level("DEBUG")
    twilio.fault("error", code=63005)

    error = refusal_of(transport)
    transport.send(HELLO)

    told = f"{error} {error.detail} {caplog.text}"
    assert AUTH_TOKEN not in told and "Davi" not in told


def test_the_list_shows_both_directions_since_a_moment_oldest_first(twilio, transport):
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    twilio.receive(inbound_form("old", sender=DAVI, to=SENDER), created_at=long_ago)
    twilio.receive(inbound_form("hi", sender=DAVI, to=SENDER))
    sent = transport.send(HELLO)

    assert all_sent(twilio)
    seen = transport.list_recent(since=datetime.now(UTC) - timedelta(minutes=1))

    assert [(message.direction, message.body) for message in seen] == [
        ("inbound", "hi"),
        ("outbound", "Olá, Davi"),
    ]
    assert seen[1].provider_id == sent.provider_id


def test_the_list_is_filtered_by_the_two_addresses(twilio, transport):
    transport.send(HELLO)
    transport.send(Outgoing("m2", "whatsapp:+5511900000002", "to another"))

    seen = transport.list_recent(to=DAVI, sender=SENDER, since=datetime.now(UTC) - timedelta(minutes=1))

    assert [message.body for message in seen] == ["Olá, Davi"]


def test_a_message_that_waits_at_twilio_unsent_is_not_taken_for_missing(twilio, transport):
    twilio.plan = CallbackPlan.never()
    twilio.fault("hang_after_accept")
    refusal_of(transport)

    seen = transport.list_recent(to=DAVI, sender=SENDER, since=datetime.now(UTC) - timedelta(minutes=1))

    assert [(message.body, message.status, message.sent_at) for message in seen] == [("Olá, Davi", "queued", None)]


def test_a_message_that_is_sent_between_the_two_questions_is_not_missed(twilio, transport, monkeypatch):
    twilio.plan = CallbackPlan.never()
    sid = transport.send(HELLO).provider_id
    ask = transport._client.messages.list

    def ask_and_let_it_go_out(**filters):
        listed = ask(**filters)
        twilio.advance(sid, "sent")
        return listed

    monkeypatch.setattr(transport._client.messages, "list", ask_and_let_it_go_out)
    seen = transport.list_recent(to=DAVI, sender=SENDER, since=datetime.now(UTC) - timedelta(minutes=1))

    assert [message.provider_id for message in seen] == [sid]


def test_no_message_is_listed_twice(twilio, transport):
    sent = transport.send(HELLO)

    seen = transport.list_recent(to=DAVI, sender=SENDER, since=datetime.now(UTC) - timedelta(minutes=1))

    assert [message.provider_id for message in seen] == [sent.provider_id]


def test_the_list_follows_the_pages(twilio, transport, monkeypatch):
    monkeypatch.setattr(twilio_transport, "LIST_PAGE", 2)
    for number in range(5):
        transport.send(Outgoing(f"m{number}", DAVI, f"text {number}"))

    assert all_sent(twilio)
    seen = transport.list_recent(to=DAVI, since=datetime.now(UTC) - timedelta(minutes=1))

    assert {message.body for message in seen} == {f"text {number}" for number in range(5)}


def test_a_list_that_fails_is_a_named_error(twilio):
    with pytest.raises(TransportError):
        connected_to(twilio.url, auth_token="stale").list_recent(since=datetime.now(UTC))


def test_the_transport_of_one_channel_is_built_once():
    config = {"account_sid": ACCOUNT_SID, "sender": SENDER}

    first = transport_for("whatsapp_twilio", config, {"auth_token": "a"})

    assert transport_for("whatsapp_twilio", dict(config), {"auth_token": "a"}) is first
    assert transport_for("whatsapp_twilio", config, {"auth_token": "rotated"}) is not first


def test_connections_are_reused(twilio, transport):
    for _ in range(10):
        transport.send(HELLO)

    assert twilio.connections_made == 1
