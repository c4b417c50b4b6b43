"""The canary's door over real HTTP: it trusts the installation's own signature, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from messaging.channels.canary.caller import CallFailed, call_door
from messaging.channels.canary.conversation import say_hello
from messaging.channels.canary.payloads import Said
from messaging.channels.canary.webhook import SIGNATURE_HEADER, TOLERANCE_SECONDS, sign
from messaging.models import Channel, WebhookEvent
from messaging.services.channels import create_channel, doors_of
from messaging.services.inbox import apply_one_due_event
from messaging.transports import CHANNELS, UnknownChannelKind, offered_kinds, validate_settings
from project.kernel import clock
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces
from tests.cast import NOON, found
from tests.messaging.hooks import running_doors

pytestmark = pytest.mark.django_db(transaction=True)

HELLO = b'{"run":7,"text":"Hello"}'


@pytest.fixture
def client(settings: Any) -> Iterator[httpx.Client]:
    with running_doors() as client:
        settings.INTERNAL_URL = str(client.base_url).rstrip("/")
        yield client


@pytest.fixture
def channel(client: httpx.Client) -> Channel:
    """As the first run made it."""
    say_hello(run=1, now=clock.now())
    WebhookEvent.objects.all().delete()
    with across_workspaces():
        return Channel.objects.get()


def knock(
    client: httpx.Client, channel: Channel, content: bytes = HELLO, *, door: str = "inbound/", **forged: Any
) -> int:
    target = f"/hooks/canary/{channel.token}/{door}"
    honest = {"target": target, "body": content, "at": clock.now(), "signing_key": channel.secrets["signing_key"]}
    return client.post(target, content=content, headers={SIGNATURE_HEADER: sign(**{**honest, **forged})}).status_code


def test_a_signed_message_is_stored_once(client: httpx.Client, channel: Channel) -> None:
    assert [knock(client, channel) for _ in range(3)] == [204, 204, 204]
    event = WebhookEvent.objects.get()
    assert (event.source, event.source_id, event.key, event.state) == ("canary", channel.pk, "run:7", "received")


@pytest.mark.parametrize(
    "forged",
    [
        {"signing_key": "another"},
        {"body": b'{"run":8,"text":"Hello"}'},
        {"target": "/hooks/canary/elsewhere/inbound/"},
        {"at": clock.now() - timedelta(seconds=TOLERANCE_SECONDS + 60)},
    ],
    ids=["another key", "another body", "another address", "long ago"],
)
def test_a_forged_or_repeated_signature_is_refused(client: httpx.Client, channel: Channel, forged: Any) -> None:
    assert knock(client, channel, **forged) == 403
    assert not WebhookEvent.objects.exists()


@pytest.mark.parametrize("header", ["", "t=,v1=", "t=1,v1=é", "v1=0", "t=9999999999999999,v1=0", "nonsense"])
def test_a_signature_that_is_none_is_refused(client: httpx.Client, channel: Channel, header: str) -> None:
    headers = [(SIGNATURE_HEADER.encode(), header.encode())]
    answer = client.post(f"/hooks/canary/{channel.token}/inbound/", content=HELLO, headers=headers)
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b"[]", b"Hello", b'{"run":0,"text":"x"}', b'{"run":1,"text":""}', b'{"run":1,"text":"x","y":1}'],
)
def test_what_the_canary_never_says_is_refused(client: httpx.Client, channel: Channel, body: bytes) -> None:
    assert knock(client, channel, body) == 400
    assert knock(client, channel, body, door="status/") == 400


def test_it_has_no_other_doors(client: httpx.Client, channel: Channel) -> None:
    assert knock(client, channel, door="billing/") == 404


def test_a_report_about_nothing_of_ours_is_ignored(client: httpx.Client, channel: Channel) -> None:
    body = b'{"message":"9f1c2d3e-0000-4000-8000-000000000000","status":"delivered"}'
    assert knock(client, channel, body, door="status/") == 204
    assert apply_one_due_event(clock.now())
    assert WebhookEvent.objects.get().state == "ignored"


def test_a_door_that_refuses_or_is_not_there_is_told(client: httpx.Client, channel: Channel) -> None:
    url = doors_of(channel)["inbound_url"]
    with pytest.raises(CallFailed, match="answered 403"):
        call_door(url, signing_key="another", content=Said(run=7, text="Hello"))
    with pytest.raises(CallFailed, match=r"127\.0\.0\.1:9: "):
        call_door(f"http://127.0.0.1:9{urlsplit(url).path}", signing_key="any", content=Said(run=7, text="Hello"))


# -- nobody is offered it ----------------------------------------------------------------------------------------


def test_the_kind_is_known_and_not_offered() -> None:
    assert "canary" in CHANNELS
    assert "canary" not in offered_kinds()
    assert "canary" not in str(UnknownChannelKind("pigeon"))


def test_nobody_can_connect_one() -> None:
    acme = found("acme", "ana@acme.test")
    values = {"sender": "canary", "public_base_url": "https://acme.test", "signing_key": "mine"}
    assert validate_settings("canary", values), "these values are right"
    with across_workspaces(), pytest.raises(WrongValues, match="channel kind 'canary' is not one of: email"):
        create_channel(workspace=acme, kind="canary", name="Mine", values=values, now=NOON)
