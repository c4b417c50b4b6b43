"""Writing the decision trail."""

from datetime import datetime
from typing import Any

from psycopg.types.json import Jsonb

from crm.models import Lead
from project.kernel.prepared import prepared_cursor

_INSERT = """
    INSERT INTO crm_trailentry (workspace_id, lead_id, at, actor, kind, reason, facts)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


def record_decision(*, lead: Lead, actor: str, kind: str, reason: str, now: datetime, **facts: Any) -> None:
    """Add a line to the lead's trail, in the transaction of the fact it tells of.

    `reason` is a sentence a salesperson understands; `facts` are ids, numbers and words (JSON). Prepared, because
    every conversation writes a dozen of them.
    """
    with prepared_cursor() as cursor:
        cursor.execute(_INSERT, [lead.workspace_id, lead.pk, now, actor[:64], kind, reason, Jsonb(facts)])
