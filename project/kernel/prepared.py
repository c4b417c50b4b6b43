"""Statements that PostgreSQL parses and plans once for each connection, for the few that everything waits for."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.postgresql.base import ServerBindingCursor


@contextmanager
def prepared_cursor() -> Iterator[Any]:
    """Django's cursor, but the values travel beside the text: after a few uses PostgreSQL remembers the plan.

    Only for statements whose best plan is the same for all values, such as those that find one row by its unique key.
    A partial index is chosen by values, so queries for due rows need them in their text, where Django puts them.
    """
    connection.ensure_connection()
    with connection.wrap_database_errors:
        bare: Any = ServerBindingCursor(connection.connection)  # type: ignore[call-arg]  # its stub knows no psycopg 3
    wrapped = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    with wrapped(bare) as cursor:
        yield cursor
