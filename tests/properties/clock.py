"""One virtual clock for everybody: the code's `now`, its monotonic seconds, and PostgreSQL's own clock.

Leases live by `clock_timestamp()`. A function of that name in the schema `public` hides PostgreSQL's, for connections
whose search path says so; it reads a row that the test moves. Nothing of the product knows.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.backends.signals import connection_created

from tests.cast import NOON

_HIDE = "SET search_path = public, pg_catalog"
_INSTALL = """
    CREATE TABLE public.virtual_clock (at timestamptz NOT NULL);
    INSERT INTO public.virtual_clock VALUES ('epoch');
    CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
        AS 'SELECT at FROM public.virtual_clock';
"""
_REMOVE = "DROP FUNCTION public.clock_timestamp(); DROP TABLE public.virtual_clock; RESET search_path"


class VirtualClock:
    def __init__(self) -> None:
        self.now = NOON

    def set(self, now: datetime) -> None:
        self.now = now
        with connection.cursor() as cursor:
            cursor.execute("UPDATE public.virtual_clock SET at = %s", [now])

    def advance(self, seconds: float) -> None:
        self.set(self.now + timedelta(seconds=seconds))

    def monotonic(self) -> float:
        return self.now.timestamp()


@contextmanager
def virtual_clock() -> Iterator[VirtualClock]:
    """For every connection that is opened from here on, and for this thread's."""
    _run(_INSTALL + _HIDE)
    connection_created.connect(_hide, dispatch_uid="tests.virtual_clock")
    try:
        clock = VirtualClock()
        clock.set(NOON)
        yield clock
    finally:
        connection_created.disconnect(dispatch_uid="tests.virtual_clock")
        _run(_REMOVE)


def _hide(connection: Any, **more: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_HIDE)


def _run(script: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(script)
