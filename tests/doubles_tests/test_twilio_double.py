"""The double must be right before anything that is tested against it can be."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.doubles.listener import Listener
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN, CallbackPlan, TwilioDouble, inbound_form, send_inbound

SENDER = "whatsapp:+14155238886"
DAVI = "whatsapp:+5511900000001"


class DirectedHttpClient(TwilioHttpClient):
    def __init__(self, base: str) -> None:
        super().__init__(timeout=2)
        self.base = base

    def request(self, method, url, *args, **kwargs):
        return super().request(method, url.replace("https://api.twilio.com", self.base), *args, **kwargs)


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble(plan=CallbackPlan.of("sent", "delivered", "read", delay=0.01)) as double:
        yield double


@pytest.fixture
def listener() -> Iterator[Listener]:
    with Listener() as listener:
        yield listener


@pytest.fixture
def client(twilio: TwilioDouble) -> Client:
    return Client(ACCOUNT_SID, AUTH_TOKEN, http_client=DirectedHttpClient(twilio.url))


def statuses(listener: Listener) -> list[str]:
    return [dict(request.form())["MessageStatus"] for request in listener.heard]


def eventually(is_so: Callable[[], bool], seconds: float = 3.0) -> bool:
    deadline = time.monotonic() + seconds
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.01)
    return is_so()


def create(client: Client, **more):
    return client.messages.create(**{"to": DAVI, "from_": SENDER, "body": "hello", **more})


def test_a_created_message_looks_like_twilios(client):
    message = create(client)

    assert message.sid.startswith("SM") and len(message.sid) == 34
    assert (message.status, message.direction, message.num_segments) == ("queued", "outbound-api", "1")
    assert message.date_created.tzinfo is not None and message.date_sent is None


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"to": "nobody"}, 21211),
        ({"from_": "+14155238886"}, 63007),
        ({"body": "x" * 1601}, 21617),
        ({"body": None}, 21619),
        ({"content_variables": "{}"}, 21654),
        ({"content_sid": "HX1", "body": None}, 21655),
        ({"content_sid": "HX" + "a" * 32, "content_variables": "{", "body": None}, 21656),
        ({"media_url": ["ftp://x"]}, 21620),
        ({"status_callback": "https://my_host.example/"}, 21609),
    ],
)
def test_a_creation_that_twilio_refuses_has_its_code(client, more, code):
    with pytest.raises(TwilioRestException) as refused:
        create(client, **more)

    assert (refused.value.status, refused.value.code) == (400, code)


def test_another_token_is_refused(twilio):
    stranger = Client(ACCOUNT_SID, "other", http_client=DirectedHttpClient(twilio.url))

    with pytest.raises(TwilioRestException) as refused:
        create(stranger)

    assert (refused.value.status, refused.value.code) == (401, 20003)


def test_a_message_can_be_fetched_redacted_and_deleted(client):
    sid = create(client).sid

    assert client.messages(sid).fetch().body == "hello"
    assert client.messages(sid).update(body="").body == ""
    assert client.messages(sid).delete()
    with pytest.raises(TwilioRestException, match="not found"):
        client.messages(sid).fetch()


def test_a_scheduled_message_waits_and_can_be_canceled(client):
    service, when = "MG" + "a" * 32, datetime.now(UTC) + timedelta(hours=1)

    message = create(client, messaging_service_sid=service, schedule_type="fixed", send_at=when)

    assert message.status == "scheduled"
    assert client.messages(message.sid).update(status="canceled").status == "canceled"


def test_callbacks_come_in_order_signed_and_with_the_query(client, listener):
    url = f"{listener.url}/status/?mid=m-1"

    message = create(client, status_callback=url)

    assert eventually(lambda: statuses(listener) == ["sent", "delivered", "read"])
    for request in listener.heard:
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        assert RequestValidator(AUTH_TOKEN).validate(url, form, request.headers["X-Twilio-Signature"])
        assert form["MessageSid"] == message.sid and form["ChannelToAddress"].endswith("XXXX")
        assert ("ExternalUserId" in form) is (form["MessageStatus"] != "sent")


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (CallbackPlan.of("sent", "delivered", delay=0, copies=2), ["sent", "sent", "delivered", "delivered"]),
        (CallbackPlan.of("read", "sent", "delivered", delay=0), ["read", "sent", "delivered"]),
        (CallbackPlan.failing(63016, delay=0), ["sent", "undelivered"]),
        (CallbackPlan.never(), []),
    ],
)
def test_callbacks_can_be_doubled_reordered_failing_or_absent(twilio, client, listener, plan, expected):
    twilio.plan = plan

    create(client, status_callback=f"{listener.url}/status/")

    assert eventually(lambda: statuses(listener) == expected)
    time.sleep(0.05)
    assert statuses(listener) == expected


def test_the_book_never_goes_back_when_callbacks_are_reordered(twilio, client, listener):
    twilio.plan = CallbackPlan.of("read", "sent", delay=0)

    sid = create(client, status_callback=f"{listener.url}/status/").sid

    assert eventually(lambda: len(listener.heard) == 2)
    assert client.messages(sid).fetch().status == "read"


def test_a_failure_has_its_code_in_the_callback_and_in_the_book(twilio, client, listener):
    twilio.plan = CallbackPlan.failing(63024, delay=0)

    sid = create(client, status_callback=f"{listener.url}/status/").sid

    assert eventually(lambda: len(listener.heard) == 2)
    assert dict(listener.heard[-1].form())["ErrorCode"] == "63024"
    assert client.messages(sid).fetch().error_code == 63024


def test_a_public_address_is_signed_while_a_local_one_is_called(listener):
    routes = {"https://baton.example": listener.url}
    with TwilioDouble(plan=CallbackPlan.of("sent", delay=0), routes=routes) as twilio:
        client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=DirectedHttpClient(twilio.url))
        create(client, status_callback="https://baton.example/status/?mid=1")

        assert eventually(lambda: statuses(listener) == ["sent"])
    request = listener.heard[0]
    signature = request.headers["X-Twilio-Signature"]
    assert RequestValidator(AUTH_TOKEN).validate("https://baton.example/status/?mid=1", dict(request.form()), signature)


def test_faults_may_be_scripted_over_http_and_for_one_recipient(twilio, client):
    fault = {"fault": "error", "code": 21610, "times": 2, "to": DAVI}
    assert requests.post(f"{twilio.url}/_control/faults", json=fault).status_code == 201

    create(client, to="whatsapp:+5511900000002")
    for _ in range(2):
        with pytest.raises(TwilioRestException):
            create(client)
    create(client)

    book = requests.get(f"{twilio.url}/_control/messages").json()["messages"]
    assert [message["to"] for message in book] == ["whatsapp:+5511900000002", DAVI]
    assert all(time.time() - 60 < message["arrived_at"] <= time.time() for message in book)


def test_an_unknown_fault_or_control_is_refused(twilio):
    assert requests.post(f"{twilio.url}/_control/faults", json={"fault": "earthquake"}).status_code == 400
    assert requests.post(f"{twilio.url}/_control/nothing", json={}).status_code == 404


def test_an_inbound_message_is_signed_and_sent_as_twilio_does(twilio, listener):
    url = f"{listener.url}/inbound/"
    form = inbound_form("olá", sender=DAVI)

    assert send_inbound(url, form, auth_token=AUTH_TOKEN) == 204

    [request] = listener.heard
    assert request.headers["User-Agent"] == "TwilioProxy/1.1"
    assert dict(request.form()) == form
    assert RequestValidator(AUTH_TOKEN).validate(url, form, request.headers["X-Twilio-Signature"])


def test_an_inbound_message_may_be_in_the_book_and_never_delivered(twilio, client):
    asked = {"url": "http://127.0.0.1:1/", "deliver": False, "form": {"body": "lost", "sender": DAVI}}

    assert requests.post(f"{twilio.url}/_control/inbound", json=asked).status_code == 202

    [message] = client.messages.list(from_=DAVI)
    assert (message.body, message.direction, message.status) == ("lost", "inbound", "received")


def test_the_list_is_paged_and_filtered_by_day(twilio, client):
    for number in range(5):
        create(client, body=f"text {number}")
    assert eventually(lambda: all(message.sent_at for message in twilio.messages()))

    assert len(client.messages.list(page_size=2)) == 5
    assert len(client.messages.list(to=DAVI, date_sent=datetime.now(UTC).date())) == 5
    assert client.messages.list(date_sent_after=datetime.now(UTC) + timedelta(days=2)) == []


def test_a_stopped_double_serves_nobody(twilio):
    session = requests.Session()
    session.get(f"{twilio.url}/_control/messages")

    twilio.stop()

    with pytest.raises(requests.ConnectionError):
        session.get(f"{twilio.url}/_control/messages", timeout=1)


def test_many_may_write_at_once(twilio, client):
    twilio.plan = CallbackPlan.never()

    with ThreadPoolExecutor(8) as pool:
        sids = set(pool.map(lambda number: create(client, body=str(number)).sid, range(100)))

    assert len(sids) == len(twilio.messages()) == 100


def test_the_client_sees_a_kept_connection_again(twilio, client):
    for _ in range(3):
        create(client)

    assert twilio.connections_made == 1
