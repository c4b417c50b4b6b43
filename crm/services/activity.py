"""What leads did, in points."""

from datetime import datetime

from crm.models import Activity, Lead
from crm.models.activity import POINTS, ActivityKind


def record_activity(*, lead: Lead, kind: ActivityKind, key: str, now: datetime) -> bool:
    """Count a deed once; False when the fact named by `key` was counted before."""
    _, is_new = Activity.objects.get_or_create(
        workspace_id=lead.workspace_id,
        key=key,
        defaults={"lead": lead, "kind": kind, "points": POINTS[kind], "at": now},
    )
    return is_new
