"""Forgetting the canary: its conversations are of no use after a day."""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q, QuerySet

from analytics.models import CanaryRun
from crm.models import Lead
from messaging.channels.canary.webhook import KIND
from project.kernel.scope import across_workspaces

KEPT = timedelta(days=1)
"""How long a run, its conversation and its events stay."""

SLACK = timedelta(hours=1)
"""They are removed many at a time, once the oldest is this much over its time."""

BATCH = 50
"""Conversations, and events, of one transaction."""


def forget_old_runs(now: datetime) -> None:
    """Remove everything about runs that are old, in small transactions. Nothing is left that the audit would miss."""
    with across_workspaces():
        if _leads_before(now - KEPT - SLACK).exists():
            while _forget_conversations(now - KEPT):
                pass
            while _forget_events(now - KEPT):
                pass
    _forget_runs(now - KEPT)


def _leads_before(moment: datetime) -> QuerySet[Lead]:
    leads: QuerySet[Lead] = Lead.objects.filter(workspace__is_internal=True, created_at__lt=moment)
    return leads


def _forget_conversations(before: datetime) -> bool:
    """Each run has a lead of its own, and all that was said and decided hangs on the lead."""
    leads = list(_leads_before(before).order_by("created_at").values_list("pk", flat=True)[:BATCH])
    Lead.objects.filter(pk__in=leads).delete()
    return bool(leads)


# In one statement: a key without its event is what the audit calls a lost event.
_FORGET_EVENTS = """
    WITH old AS (
        SELECT id FROM messaging_webhookevent
         WHERE source = %(kind)s AND received_at < %(before)s AND state <> 'received' LIMIT %(batch)s
    ), forgotten AS (
        DELETE FROM messaging_webhookevent AS event USING old WHERE event.id = old.id
        RETURNING event.source, event.source_id, event.key
    )
    DELETE FROM messaging_eventkey AS known USING forgotten
     WHERE known.source = forgotten.source AND known.source_id = forgotten.source_id AND known.key = forgotten.key
"""


def _forget_events(before: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_FORGET_EVENTS, {"kind": KIND, "before": before, "batch": BATCH})
        return bool(cursor.rowcount)


def _forget_runs(before: datetime) -> None:
    """The newest that got through stays, however old: the canary's age is counted from it."""
    newest = CanaryRun.objects.filter(delivered_at__isnull=False).order_by("-delivered_at").values("pk")[:1]
    CanaryRun.objects.filter(begun_at__lt=before, closed_at__isnull=False).exclude(Q(pk__in=newest)).delete()
