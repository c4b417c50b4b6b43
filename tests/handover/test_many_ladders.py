"""A tick costs what is due, not what is open."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from handover.services.ladder import has_due_steps
from tests.cast import NOON, found

pytestmark = pytest.mark.django_db

OPEN_LADDERS = """
    SET LOCAL session_replication_role = replica;  -- steps alone, without their handovers
    INSERT INTO handover_ladderstep (workspace_id, handover_id, rung, due_at, state, done_at, attempts_made, verdict)
    SELECT %(workspace)s, id, 'alert', %(behind)s, 'fired', %(behind)s, 1, '' FROM generate_series(1, 10000) AS id
    UNION ALL
    SELECT %(workspace)s, id, 'update', %(ahead)s, 'pending', NULL, 0, '' FROM generate_series(1, 10000) AS id;
    ANALYZE handover_ladderstep
"""


def test_the_look_for_due_steps_reads_only_their_index() -> None:
    """Half of all steps are behind and half are open: taken as independent, a due one seems to be everywhere."""
    workspace = found("acme", "ana@acme.test", NOON)
    moments = {"behind": NOON - timedelta(minutes=15), "ahead": NOON + timedelta(minutes=15)}
    with connection.cursor() as cursor:
        for statement in OPEN_LADDERS.split(";"):
            cursor.execute(statement, {"workspace": workspace.pk, **moments})
    with CaptureQueriesContext(connection) as queries:
        assert not has_due_steps(NOON)
    [look] = queries
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {look['sql']}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "ladder_step_due" in plan, plan
