"""The pool after PostgreSQL was restarted."""

import threading
import time

import psycopg
import pytest
from django.db import connection, connections

from messaging.doors.store import connection_options

pytestmark = pytest.mark.django_db(transaction=True)

CONNECTIONS = 12


def fill_pool() -> None:
    """As many idle connections as there were threads at work at the same time."""
    together = threading.Barrier(CONNECTIONS)

    def ask() -> None:
        answer_of_database()
        together.wait(10)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)


def answer_of_database() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return cursor.fetchone()[0]


def test_dead_connections_are_put_aside_without_a_rest():
    fill_pool()
    name = connection.settings_dict["NAME"]
    connection.close()
    with psycopg.connect(**{**connection_options(), "dbname": "postgres"}) as outside:
        ended = outside.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        assert ended.rowcount >= CONNECTIONS
    began = time.monotonic()
    assert answer_of_database() == 1
    assert time.monotonic() - began < 1
