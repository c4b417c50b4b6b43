"""What the doors answer while the database or Redis is away: nothing is confirmed that is not stored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import httpx
import psycopg
import pytest
from django.db import connection

from messaging.doors.store import connection_options
from messaging.models import Channel, WebhookEvent
from tests.doubles.twilio_forms import inbound_form

from .hooks import make_channel, post_form, running_doors

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with running_doors() as client:
        yield client


@pytest.fixture
def channel() -> Channel:
    return make_channel()


@pytest.fixture
def outside() -> Iterator[psycopg.Connection]:
    """A connection to another database of the same server."""
    with psycopg.connect(**{**connection_options(), "dbname": "postgres"}) as outside:
        yield outside


def drop_connections(outside: psycopg.Connection) -> None:
    name = connection.settings_dict["NAME"]
    connection.close()
    outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])


@contextmanager
def database_away(outside: psycopg.Connection) -> Iterator[None]:
    name = connection.settings_dict["NAME"]
    outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    drop_connections(outside)
    try:
        yield
    finally:
        outside.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_a_connection_that_died_meanwhile_costs_no_message(
    client: httpx.Client, channel: Channel, outside: psycopg.Connection
) -> None:
    assert post_form(client, channel, inbound_form()).status_code == 204
    drop_connections(outside)
    assert post_form(client, channel, inbound_form()).status_code == 204
    assert WebhookEvent.objects.count() == 2


def test_without_the_database_the_provider_is_told_to_come_again(
    client: httpx.Client, channel: Channel, outside: psycopg.Connection
) -> None:
    form = inbound_form()
    assert post_form(client, channel, inbound_form()).status_code == 204
    with database_away(outside):
        answer = post_form(client, channel, form)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert post_form(client, channel, form).status_code == 204
    assert WebhookEvent.objects.count() == 2


def test_without_the_database_an_unknown_door_is_not_called_unknown(
    client: httpx.Client, channel: Channel, outside: psycopg.Connection
) -> None:
    with database_away(outside):
        assert post_form(client, channel, inbound_form()).status_code == 503
    assert post_form(client, channel, inbound_form()).status_code == 204


def test_a_database_that_hangs_is_not_waited_for_longer_than_the_provider_waits(
    client: httpx.Client, channel: Channel, outside: psycopg.Connection
) -> None:
    assert post_form(client, channel, inbound_form()).status_code == 204
    locked, done = Event(), Event()

    def hold_the_table() -> None:
        with psycopg.connect(**{**connection_options(), "autocommit": False}) as holder:
            holder.execute("LOCK TABLE messaging_eventkey IN ACCESS EXCLUSIVE MODE")
            locked.set()
            done.wait(30)
            holder.rollback()

    holder = Thread(target=hold_the_table)
    holder.start()
    assert locked.wait(5)
    began = time.monotonic()
    try:
        assert post_form(client, channel, inbound_form()).status_code == 503
        assert time.monotonic() - began < 11
    finally:
        done.set()
        holder.join(10)
    assert post_form(client, channel, inbound_form()).status_code == 204


def test_redis_away_costs_no_time_and_no_message(
    client: httpx.Client, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from project.celery import app

    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:1/0")
    monkeypatch.setattr(app, "_pool", None)  # the connections to the real one
    monkeypatch.setattr(app.amqp, "_producer_pool", None)
    post_form(client, channel, inbound_form())
    began = time.monotonic()
    assert [post_form(client, channel, inbound_form()).status_code for _ in range(10)] == [204] * 10
    assert time.monotonic() - began < 0.5
    assert WebhookEvent.objects.count() == 11
