"""What a check is, and running one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection, transaction

from messaging.services.dispatch import CALL_WINDOW_SECONDS

GRACE = timedelta(seconds=60)
"""How late anything may be before it counts as left behind."""

PATIENCE = timedelta(minutes=5)
"""How long a customer or a turn may wait: longer than all retries of a turn take together."""

SLACK = timedelta(seconds=5)
"""How far two processes' readings of the time may be apart from the order in which they committed."""

EXAMPLES = 20


class Level(StrEnum):
    """A note is worth knowing and breaks no promise."""

    VIOLATION = "violation"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Check:
    """A promise and the statement that finds what breaks it.

    The statement yields `workspace_id, conversation_id, subject, at, detail`; a workspace of NULL means the whole
    installation. `guard` names the constraint or unique index that already forbids the violation.
    """

    name: str
    title: str
    promise: str
    sql: str
    guard: str = ""
    level: Level = Level.VIOLATION


@dataclass(frozen=True, slots=True)
class Family:
    """Checks about one subject."""

    title: str
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    workspace: str | None
    conversation_id: int | None
    subject: str
    at: datetime | None
    detail: str


@dataclass(frozen=True, slots=True)
class Result:
    """The exact number of findings, and the newest of them."""

    check: Check
    count: int
    examples: tuple[Finding, ...]


_NEWEST = """
    SELECT workspace.slug, found.conversation_id, found.subject, found.at, found.detail, count(*) OVER () AS total
      FROM ({sql}) AS found (workspace_id, conversation_id, subject, at, detail)
      LEFT JOIN crm_workspace AS workspace ON workspace.id = found.workspace_id
     WHERE (%(workspace)s::bigint IS NULL OR found.workspace_id IS NULL OR found.workspace_id = %(workspace)s)
       AND (%(since)s::timestamptz IS NULL OR found.at IS NULL OR found.at >= %(since)s)
     ORDER BY found.at DESC NULLS LAST, found.subject
     LIMIT %(examples)s
"""


def run_check(check: Check, *, workspace_id: int | None, since: datetime | None, now: datetime) -> Result:
    """One read-only statement. Whatever it finds, the database counts it and sends a few rows."""
    values = {**_values(now), "workspace": workspace_id, "since": since}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION READ ONLY")
        cursor.execute(_NEWEST.format(sql=check.sql), values)
        rows = cursor.fetchall()
    return Result(check, rows[0][-1] if rows else 0, tuple(Finding(*row[:-1]) for row in rows))


def _values(now: datetime) -> dict[str, Any]:
    """What statements may use besides their own words."""
    return {
        "now": now,
        "grace": GRACE,
        "patience": PATIENCE,
        "slack": SLACK,
        "call_window": timedelta(seconds=CALL_WINDOW_SECONDS),
        "examples": EXAMPLES,
    }
