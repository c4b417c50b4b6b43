"""Meta's door over real HTTP: the handshake, the signature, and batches that are stored whole."""

from collections.abc import Iterator

import httpx
import pytest

from messaging.channels.meta.webhook import NotJson, is_signed, read_json
from messaging.models import Channel, Message, WebhookEvent
from messaging.services.inbox import apply_one_due_event
from project.kernel import clock
from project.kernel.due import drain
from project.kernel.scope import across_workspaces
from tests.cast import NOON, found
from tests.doubles.cloud_updates import VERIFY_TOKEN, batch, encode, message, signed_headers, status, text
from tests.messaging.channels.cloud import connect
from tests.messaging.hooks import running_doors
from tests.messaging.test_hostile_bodies import hostile_names, hostile_texts

SIGNED_EMPTY = "09eceea024af6e6343b760cc9bd3ae7c056938dd636e24e92109eb8219500384"
EMPTY = b'{"object":"whatsapp_business_account","entry":[]}'


def test_meta_s_signature_is_over_the_raw_bytes() -> None:
    assert is_signed(EMPTY, f"sha256={SIGNED_EMPTY}", "appsecret")
    assert not is_signed(EMPTY + b" ", f"sha256={SIGNED_EMPTY}", "appsecret")
    assert not is_signed(EMPTY, f"sha256={SIGNED_EMPTY}", "another")


@pytest.mark.parametrize("header", ["", SIGNED_EMPTY, f"sha1={SIGNED_EMPTY}", "sha256=", "sha256=é", "sha256=\udc80"])
def test_another_signature_is_refused(header: str) -> None:
    assert not is_signed(EMPTY, header, "appsecret")
    assert not is_signed(EMPTY, header, "")


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"1", b"{", b'{"a": NaN}', b'{"a": 1e999}', b'{"a": -Infinity}', b"\xff", b'{"a":' * 10_000]
)
def test_what_is_no_object_that_can_be_stored_is_named_so(body: bytes) -> None:
    with pytest.raises(NotJson):
        read_json(body)


def test_what_postgresql_cannot_hold_is_replaced() -> None:
    assert read_json(rb'{"a\u0000": ["\ud800", 1.5]}') == {"a\ufffd": ["?", 1.5]}


# -- over HTTP ---------------------------------------------------------------------------------------------


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with running_doors() as client:
        yield client


@pytest.fixture
def channel(transactional_db: None) -> Channel:
    return connect(found("acme", "ana@acme.test"), now=NOON)


def path_of(channel: Channel) -> str:
    return f"/hooks/whatsapp_cloud/{channel.token}/"


def post(client: httpx.Client, channel: Channel, content: object, **options: str) -> httpx.Response:
    body = content if isinstance(content, bytes) else encode(content)
    return client.post(path_of(channel), content=body, headers=signed_headers(body, **options))


def test_the_handshake_gives_the_challenge_back(client: httpx.Client, channel: Channel) -> None:
    asked = {"hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": VERIFY_TOKEN}
    answer = client.get(path_of(channel), params=asked)

    assert (answer.status_code, answer.text) == (200, "1158201444")
    for name, value in {"hub.verify_token": "another", "hub.mode": "unsubscribe", "hub.challenge": ""}.items():
        assert client.get(path_of(channel), params={**asked, name: value}).status_code == 403
    assert client.get(path_of(channel)).status_code == 403
    assert client.get(f"{path_of(channel)}inbound/", params=asked).status_code == 404
    assert client.get(f"/hooks/whatsapp_cloud/{'x' * 24}/", params=asked).status_code == 404
    assert client.put(path_of(channel)).headers["allow"] == "GET, POST"
    assert not WebhookEvent.objects.exists()


def test_a_batch_is_stored_whole_and_answered_with_exactly_200(client: httpx.Client, channel: Channel) -> None:
    content = batch(messages=[text("Olá", at=NOON)], statuses=[status("wamid.1", "sent", at=NOON)])
    answers = [post(client, channel, content) for _ in range(3)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(200, b"")] * 3
    event = WebhookEvent.objects.get()
    assert (event.kind, bytes(event.body)) == ("batch", encode(content))
    assert post(client, channel, content, app_secret="f" * 32).status_code == 403
    assert client.post(path_of(channel), content=encode(content)).status_code == 403


@pytest.mark.parametrize(
    "body",
    [
        b'{"object": "whatsapp_business_account", "entry": {}}',
        b'{"object": "whatsapp_business_account", "entry": [{"changes": NaN}]}',
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        b"[]",
        b"",
        b"\x00\xff",
    ],
    ids=["entry", "nan", "deep", "list", "empty", "bytes"],
)
def test_a_signed_body_that_makes_no_sense_is_kept_and_parked(
    client: httpx.Client, channel: Channel, body: bytes
) -> None:
    assert post(client, channel, body).status_code == 200
    apply_everything()

    event = WebhookEvent.objects.get()
    assert (event.state, bytes(event.body)) == ("parked", body)
    assert event.error


def test_a_thousand_messages_in_three_megabytes_become_one_conversation_each_in_order(
    client: httpx.Client, channel: Channel
) -> None:
    said = [
        text(f"{number} " + "x" * 2300, at=NOON, sender=f"55119876{number % 4:05}", user_id="")
        for number in range(1000)
    ]
    content = encode(batch(messages=said))
    assert 2_500_000 < len(content) < 3_000_000
    assert post(client, channel, content).status_code == 200
    assert drain(apply_one_due_event, clock=clock.now, limit=1) == 1

    events = WebhookEvent.objects.filter(kind="inbound").order_by("id")
    assert [event.key for event in events] == [one["id"] for one in said]
    assert events.values("order_key").distinct().count() == 4


def test_a_body_over_the_limit_is_refused(client: httpx.Client, channel: Channel) -> None:
    assert post(client, channel, b'{"x":"' + b"x" * 4_200_000 + b'"}').status_code == 413


def test_hostile_texts_of_every_kind_become_messages(client: httpx.Client, channel: Channel) -> None:
    names = hostile_names()
    texts = hostile_texts()
    said = [text(words, at=NOON, user_id=f"BR.{number % 40}", sender="") for number, words in enumerate(texts)]
    said += [message("poll", {words: words}, at=NOON, sender="", user_id="BR.1") for words in texts[:40]]
    contacts = [{"profile": {"name": names[n % len(names)]}, "user_id": f"BR.{n}"} for n in range(40)]
    assert post(client, channel, batch(messages=said, contacts=contacts)).status_code == 200
    apply_everything()

    assert not WebhookEvent.objects.exclude(state="applied").exists()
    with across_workspaces():
        assert Message.objects.count() == len(said)


def apply_everything() -> None:
    while drain(apply_one_due_event, clock=clock.now):
        pass


def test_the_double_signs_as_meta_does() -> None:
    assert signed_headers(EMPTY, "appsecret")["X-Hub-Signature-256"] == f"sha256={SIGNED_EMPTY}"
