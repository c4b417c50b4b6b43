"""Databases of a walk on the server that DATABASE_URL names: one is set up, every run gets a copy of it.

Their names tell the process they belong to, so that tests/servers.py finds those of a walk that was killed.
"""

from __future__ import annotations

import os
import time
from typing import Any

import psycopg
from psycopg import sql

GONE_WITHIN_SECONDS = 10.0


def name_of(role: str) -> str:
    return f"test_baton_{os.getpid()}_crash_{role}"


def connect(database: str = "") -> psycopg.Connection[Any]:
    url = os.environ["DATABASE_URL"]
    return psycopg.connect(url, dbname=database, autocommit=True) if database else psycopg.connect(url, autocommit=True)


def create(name: str, *, like: str = "template0") -> None:
    """A copy of `like`, in which nobody may be at work; the old one of that name is gone."""
    with connect() as server:
        _drop(server, name)
        server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(like)))


def drop(name: str) -> None:
    with connect() as server:
        _drop(server, name)


def _drop(server: psycopg.Connection[Any], name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def wait_until_left(connection: psycopg.Connection[Any]) -> None:
    """Until PostgreSQL has noticed that a dead process is dead: its open transactions are undone then."""
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    deadline = time.monotonic() + GONE_WITHIN_SECONDS
    while connection.execute(others).fetchone() != (0,):
        assert time.monotonic() < deadline, "a dead process still has connections"
        time.sleep(0.002)
