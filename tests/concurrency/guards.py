"""Switching off a guard of the database, in the test's own database, until the test is over."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection

_CONSTRAINT = """
    SELECT conrelid::regclass::text, 'ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || conname,
           'ALTER TABLE ' || conrelid::regclass || ' ADD CONSTRAINT ' || conname || ' ' || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE conname = %(name)s
"""
_INDEX = """
    SELECT tablename, 'DROP INDEX ' || indexname, indexdef FROM pg_indexes WHERE indexname = %(name)s
"""


@contextmanager
def without(name: str) -> Iterator[None]:
    """No constraint or unique index of this name. It comes back with its table empty: its rows may break it."""
    with connection.cursor() as cursor:
        cursor.execute(_CONSTRAINT, {"name": name})
        row = cursor.fetchone()
        if row is None:
            cursor.execute(_INDEX, {"name": name})
            row = cursor.fetchone()
        assert row is not None, f"there is no guard {name}"
        table, drop, create = row
        cursor.execute(drop)
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {table} CASCADE")
            cursor.execute(create)
