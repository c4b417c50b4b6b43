"""The clock's heartbeat: a worker has run a tick."""

from datetime import datetime, timedelta

from django.db import connection

from analytics.models import Heartbeat

EVERY = timedelta(seconds=5)
"""The row is written no more often than this: a tick a second must not be a write a second."""

TICK = "tick"

_BEAT = """
    WITH beaten AS (
        UPDATE analytics_heartbeat SET at = %(now)s WHERE name = %(name)s AND at <= %(longest)s
    )
    INSERT INTO analytics_heartbeat (name, at)
    SELECT %(name)s, %(now)s WHERE NOT EXISTS (SELECT 1 FROM analytics_heartbeat WHERE name = %(name)s)
    ON CONFLICT DO NOTHING
"""


def record_tick(now: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_BEAT, {"name": TICK, "now": now, "longest": now - EVERY})


def last_tick() -> datetime | None:
    return Heartbeat.objects.filter(name=TICK).values_list("at", flat=True).first()
