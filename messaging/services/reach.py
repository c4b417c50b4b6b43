"""How many people an account may write to outside the window in 24 hours, which its provider limits.

Counted by us, because the providers have no error for it that comes before the harm. Who was reached within the last
24 hours may be written to again and takes no place.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from messaging.channel_settings import UNLIMITED
from messaging.models import Channel, Reach

from .template_forms import account_of

REACH_LIMIT = "reach_limit"
REACHED = "As many people as the provider allows were written to outside the window within 24 hours."
SPAN = timedelta(hours=24)
LOOK_AGAIN = timedelta(minutes=15)
"""A campaign that waits is not looked at again, message by message, for each place that becomes free."""

# The lock makes the count exact: of two that send at once, one counts after the other has been written down.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended(%(key)s, 0))"
_FULL_SINCE = """
    SELECT reached_at FROM messaging_reach
     WHERE workspace_id = %(workspace)s AND account = %(account)s AND reached_at > %(since)s AND lead_id <> %(lead)s
     ORDER BY reached_at DESC OFFSET %(place)s LIMIT 1
"""
_WRITE_DOWN = """
    INSERT INTO messaging_reach AS known (workspace_id, account, lead_id, reached_at)
    VALUES (%(workspace)s, %(account)s, %(lead)s, %(now)s)
    ON CONFLICT (lead_id, account) DO UPDATE SET reached_at = excluded.reached_at
     WHERE known.reached_at <= %(since)s
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """For the channel's page. `limit` None: none is known, or there is none."""

    people: int
    limit: int | None


def take_reach(*, channel: Channel, lead_id: int, now: datetime) -> datetime | None:
    """Count the lead among those reached; else the instant at which it is worth looking again."""
    limit = limit_of(channel)
    values: dict[str, Any] = {
        "workspace": channel.workspace_id,
        "account": _key(channel),
        "lead": lead_id,
        "now": now,
        "since": now - SPAN,
    }
    with connection.cursor() as cursor:
        if limit is not None:
            cursor.execute(_LOCK, {"key": f"reach:{channel.workspace_id}:{_key(channel)}"})
            if not _is_known(channel, lead_id, now):
                cursor.execute(_FULL_SINCE, {**values, "place": limit - 1})
                if row := cursor.fetchone():
                    frees_at: datetime = row[0] + SPAN
                    return max(frees_at, now + LOOK_AGAIN)
        cursor.execute(_WRITE_DOWN, values)
    return None


def limit_of(channel: Channel) -> int | None:
    """What an operator entered, else what the provider said."""
    chosen = channel.settings.get("messaging_limit", "")
    if chosen:
        return None if chosen == UNLIMITED else int(chosen)
    return channel.reach_limit


def reached_by(channel: Channel, now: datetime) -> Reached:
    found = Reach.objects.filter(workspace_id=channel.workspace_id, account=_key(channel), reached_at__gt=now - SPAN)
    return Reached(found.count(), limit_of(channel))


def _is_known(channel: Channel, lead_id: int, now: datetime) -> bool:
    return Reach.objects.filter(lead_id=lead_id, account=_key(channel), reached_at__gt=now - SPAN).exists()


def _key(channel: Channel) -> str:
    return f"{channel.kind}:{account_of(channel)}"[:100]
