"""What leads did, in points."""

from datetime import datetime

from crm.models import Activity, Lead
from crm.models.activity import POINTS, ActivityKind


def record_activity(*, lead: Lead, kind: ActivityKind, key: str, now: datetime) -> None:
    """Count a deed once, however often the fact named by `key` is told."""
    deed = Activity(workspace_id=lead.workspace_id, lead=lead, kind=kind, points=POINTS[kind], key=key, at=now)
    Activity.objects.bulk_create([deed], ignore_conflicts=True)
