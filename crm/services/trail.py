"""Writing the decision trail."""

from datetime import datetime
from typing import Any

from crm.models import Lead, TrailEntry


def record_decision(*, lead: Lead, actor: str, kind: str, reason: str, now: datetime, **facts: Any) -> TrailEntry:
    """Add a line to the lead's trail, in the transaction of the fact it tells of.

    `reason` is a sentence a salesperson understands; `facts` are ids, numbers and words (JSON).
    """
    return TrailEntry.objects.create(
        workspace_id=lead.workspace_id, lead=lead, at=now, actor=actor[:64], kind=kind, reason=reason, facts=facts
    )
