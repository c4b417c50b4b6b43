"""Every door to the outer world, knocked at by whoever means ill or is broken: never a 5xx, nothing of the inside in
the answer, and what was answered with 2xx is kept, applied or parked, and audits clean."""

from __future__ import annotations

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from django.core.asgi import get_asgi_application
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from messaging.doors.sources import HookRequest, Knock, Refused, SourceRow, source_named, source_names
from messaging.services.inbox import store_event
from project.kernel import clock
from tests.fuzz.bodies import generated, hostile
from tests.fuzz.knockers import Knocker, knockers_of
from tests.fuzz.ledger import Ledger
from tests.fuzz.sockets import BROKEN, knock_raw
from tests.fuzz.verdicts import assert_all_is_sound
from tests.journeys.world import World, small_world
from tests.messaging.hooks import running_doors

SOURCES = source_names()
DOORS = [name for name in SOURCES if source_named(name).door]
NO_FAILURE = (b"HTTP/1.1 100", b"HTTP/1.1 2", b"HTTP/1.1 4")
ALWAYS_THE_SAME = hypothesis_settings(
    derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture
def world(transactional_db: None) -> Iterator[World]:
    with small_world(clock.now()) as small:
        yield small


@contextmanager
def at_the_doors(source: str, world: World) -> Iterator[tuple[httpx.Client, list[Knocker], Ledger]]:
    """The server as it really runs, and at the end the verdict on everything that it took."""
    ledger = Ledger()
    with running_doors(get_asgi_application()) as client:
        yield client, knockers_of(source, world), ledger
    ledger.assert_all_is_kept()
    assert_all_is_sound(clock.now())


@pytest.mark.parametrize("source", SOURCES)
def test_hostile_bodies(source: str, world: World) -> None:
    with at_the_doors(source, world) as (client, knockers, ledger):
        for knocker in knockers:
            for body in hostile(knocker.honest(1)):
                ledger.knock(client, knocker, body)
            for content_type in ("", "application/xml", "multipart/form-data; boundary=\x01", "text/plain", "\xff"):
                ledger.knock(client, knocker, knocker.honest(2), **{"Content-Type": content_type})
            ledger.knock_honestly(client, knocker, 3)


@pytest.mark.parametrize("source", SOURCES)
def test_repeated_and_in_any_order(source: str, world: World) -> None:
    with at_the_doors(source, world) as (client, knockers, ledger):
        for knocker in knockers:
            numbers = [*range(12)] * 3
            random.Random(7).shuffle(numbers)
            with ThreadPoolExecutor(8) as threads:
                list(threads.map(lambda number, at=knocker: ledger.knock_honestly(client, at, number), numbers))
            assert ledger.stored_of(knocker) == (12 if knocker.is_signed else 0)


@pytest.mark.parametrize("source", SOURCES)
def test_wrong_methods_and_forged_signatures(source: str, world: World) -> None:
    with at_the_doors(source, world) as (client, knockers, ledger):
        for knocker in knockers:
            body = knocker.honest(1)
            for method in ("PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "TRACE", "PROPFIND", "x" * 400):
                answer = client.request(method, knocker.path, content=body, headers=knocker.headers(body))
                assert 400 <= answer.status_code < 500, method
            for forged in forgeries(knocker.sign(body)):
                answer = client.post(knocker.path, content=body, headers={"Content-Type": "x/y", **forged})
                assert 400 <= answer.status_code < 500, forged
        assert [ledger.stored_of(knocker) for knocker in knockers] == [0] * len(knockers)


def forgeries(signed: Any) -> Iterator[dict[str, str]]:
    """Each header of the signature left out, emptied, cut, turned, and made of bytes that are no text."""
    yield {}
    for name, value in signed.items():
        for forged in ("", value[:-1], value[::-1], "\xff\xfe", "=" * 4000, "t=1,v1=" + "0" * 64):
            yield {**signed, name: forged.encode("latin-1")}


@pytest.mark.parametrize("source", SOURCES)
def test_broken_framing(source: str, world: World) -> None:
    with at_the_doors(source, world) as (client, knockers, ledger):
        for knocker in knockers:
            for name, make in BROKEN.items():
                answer = knock_raw(client, make(knocker))
                assert not answer or answer.startswith(NO_FAILURE), (name, answer)
            ledger.knock_honestly(client, knocker, 50)


@pytest.mark.parametrize("source", SOURCES)
def test_generated_bodies(source: str, world: World) -> None:
    with at_the_doors(source, world) as (client, knockers, ledger):
        for knocker in knockers:
            knock_with_anything(client, knocker, ledger)


def knock_with_anything(client: httpx.Client, knocker: Knocker, ledger: Ledger) -> None:
    @hypothesis_settings(ALWAYS_THE_SAME, max_examples=60)
    @given(generated(knocker.honest(1)))
    def knock(body: bytes) -> None:
        ledger.knock(client, knocker, body)

    knock()


ANY_HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-type", "x-twilio-signature", "x-hub-signature-256", "calendly-webhook-signature", "authorization"]
    ),
    st.text(st.characters(max_codepoint=255), max_size=60)
    | st.sampled_from(["application/x-www-form-urlencoded", "application/json", "t=1,v1=0", "algorithm=sha256,key=a"]),
)
ANY_BODY = st.binary(max_size=200) | st.just(b"a=b") | st.just(b"{}") | generated(b'{"event": "x", "payload": {}}')


@pytest.mark.parametrize("source", DOORS)
@hypothesis_settings(ALWAYS_THE_SAME, max_examples=300)
@given(
    rest=st.sampled_from(["", "inbound", "status", "\x00", "a/b"]),
    query=st.text(st.characters(max_codepoint=255), max_size=40),
    headers=ANY_HEADERS,
    body=ANY_BODY,
    secrets=st.dictionaries(
        st.sampled_from(["auth_token", "shared_keys", "signing_key", "app_secret", "secret"]), st.text(max_size=9)
    ),
)
def test_a_door_reads_or_refuses_and_never_breaks(
    source: str, rest: str, query: str, headers: dict[str, str], body: bytes, secrets: dict[str, str]
) -> None:
    door = source_named(source).door
    assert door is not None
    request = HookRequest(rest, f"/hooks/{source}/token/{rest}", query, headers, body)
    try:
        knock = door.read(request, SourceRow(1, 1, secrets, {}), datetime(2026, 11, 20, tzinfo=UTC))
    except Refused as refusal:
        assert 400 <= refusal.status < 500
    else:
        assert isinstance(knock, Knock)


@pytest.mark.parametrize("source", SOURCES)
def test_whatever_is_stored_is_settled(source: str, world: World) -> None:
    """An applier may be given what no door would let in: an older version's body, another's, a row of nobody."""
    honest = b'{"event": "invitee.created", "payload": {}, "MessageSid": "SM1"}'
    bodies = [body for body in hostile(honest) if len(body) < 100_000]
    for number, body in enumerate([*bodies, b"MessageSid=SM1&From=&To=&Body=Hello", b"MessageStatus=read"]):
        for kind in ("inbound", "status", ""):
            store_event(
                workspace_id=world.acme.pk,
                source=source,
                source_id=world.channel.pk if number % 2 else 10**9,
                kind=kind,
                key=f"{number} {kind}",
                order_key=f"{number} {kind}",
                body=body,
                now=clock.now(),
            )
    assert_all_is_sound(clock.now())
