"""The clock of a crashing system: real time, and as far ahead of it as the story has come.

The applications read it here; PostgreSQL reads it from a row, through a function that stands before its own in the
search path; the doubles are given the same. So leases run out when the story's time passes, and only then.
"""

from datetime import UTC, datetime, timedelta

ahead = timedelta(0)

SEARCH_PATH = "public,pg_catalog"

DATABASE_CLOCK = """
    CREATE TABLE story_clock (ahead double precision NOT NULL);
    INSERT INTO story_clock VALUES (0);
    CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE AS
        'SELECT pg_catalog.clock_timestamp() + make_interval(secs => ahead) FROM public.story_clock';
"""
SET_DATABASE_CLOCK = "UPDATE story_clock SET ahead = %s"


def now() -> datetime:
    return datetime.now(UTC) + ahead


def set_ahead(seconds: float) -> None:
    global ahead
    ahead = timedelta(seconds=seconds)
