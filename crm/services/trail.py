"""Writing the decision trail."""

from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from crm.models import Lead

_INSERT = """
    INSERT INTO crm_trailentry (workspace_id, lead_id, at, actor, kind, reason, facts)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
"""


def record_decision(*, lead: Lead, actor: str, kind: str, reason: str, now: datetime, **facts: Any) -> None:
    """Add a line to the lead's trail, in the transaction of the fact it tells of.

    `reason` is a sentence a salesperson understands; `facts` are ids, numbers and words (JSON). Plain SQL, because
    every conversation writes a dozen of them.
    """
    values: list[Any] = [lead.workspace_id, lead.pk, now, actor[:64], kind, reason, Jsonb(facts)]
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
