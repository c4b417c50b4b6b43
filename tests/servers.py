"""A pytest plugin (`-p tests.servers`): real PostgreSQL and Redis before Django reads its settings.

They are the embedded ones in `.data-test`, shared by every run at the same time, unless DATABASE_URL and REDIS_URL
say otherwise. Each run has its own database, named after its process, and its own database number in Redis.
"""

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from project.embedded import attach
from project.installation import CHECKOUT

TEST_DATA = Path(os.environ.get("BATON_TEST_DATA", CHECKOUT / ".data-test"))
_attached = contextlib.ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests() -> Iterator[None]:
    """Wrapped around pytest-django's own hook, which reads the settings."""
    os.environ.setdefault("BATON_EMBEDDED_FSYNC", "off")
    _attached.enter_context(attach(TEST_DATA))
    _choose_redis_database()
    drop_abandoned_databases(os.environ["DATABASE_URL"])
    return (yield)


def pytest_unconfigure() -> None:
    _attached.close()


def _choose_redis_database() -> None:
    if os.environ["REDIS_URL"].startswith("unix://"):
        os.environ["REDIS_URL"] = f"{os.environ['REDIS_URL'].partition('?')[0]}?db={1 + os.getpid() % 4095}"


def drop_abandoned_databases(url: str) -> None:
    """Of runs that were killed before they could drop their own."""
    with psycopg.connect(url, autocommit=True) as connection:
        names = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_baton_%'").fetchall()
        for (name,) in names:
            owner = re.match(r"test_baton_(\d+)", name)
            if owner and not Path(f"/proc/{owner[1]}").exists():
                connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
