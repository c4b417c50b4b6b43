"""/healthz: the process answers. /readyz: it can do its work, and what is missing when it cannot."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

from analytics.liveness import Liveness, read_liveness
from messaging.services.inbox import stuck_events
from project.kernel import clock

logger = logging.getLogger(__name__)

STUCK_SECONDS = 60
LATE_TICK = timedelta(seconds=30)
UNAVAILABLE = "unavailable"

Seen = TypeVar("Seen")


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """A missing Redis, a late worker and a canary that does not get through are reported, but leave this process
    ready: it can still take everything in, and to stop sending it webhooks would lose what is kept now.
    """
    now = clock.now()
    alive = _attempted(lambda: read_liveness(now))
    checks = {
        "database": _verdict(_database),
        "migrations": _verdict(_migrations),
        "redis": _verdict(_redis),
        "inbox": _verdict(lambda: _inbox(now)),
        "canary": canary_verdict(alive) if alive else UNAVAILABLE,
        "tick": tick_verdict(alive) if alive else UNAVAILABLE,
    }
    ready = checks["database"] == checks["migrations"] == "ok"
    ages = {"canary": _seconds(alive.age), "tick": _seconds(alive.tick_age)} if alive else {}
    answer = {"status": "ok" if ready else "unready", "checks": checks, "seconds_since": ages}
    return JsonResponse(answer, status=200 if ready else 503)


def _verdict(check: Callable[[], str]) -> str:
    return _attempted(check) or UNAVAILABLE


def _attempted(look: Callable[[], Seen]) -> Seen | None:
    try:
        return look()
    except Exception as error:  # a check's business is to report whatever is wrong
        logger.warning("readyz.failed", extra={"error": str(error)})
        return None


def _database() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def _migrations() -> str:
    executor = MigrationExecutor(connection)
    return "pending" if executor.migration_plan(executor.loader.graph.leaf_nodes()) else "ok"


def _inbox(now: datetime) -> str:
    """Received long ago and still not applied: the workers or the clock have stopped."""
    waiting = stuck_events(now, STUCK_SECONDS)
    return f"{waiting} events wait for more than {STUCK_SECONDS} s" if waiting else "ok"


def canary_verdict(alive: Liveness) -> str:
    if not alive.is_on:
        return "off"
    if not alive.is_silent:
        return "ok"
    if alive.age is None:
        return f"no test conversation has got through yet; {alive.complaint}"
    return f"the last test conversation got through {alive.age.total_seconds():.0f} s ago; {alive.complaint}"


def tick_verdict(alive: Liveness) -> str:
    if alive.tick_age is None:
        return "the clock has not ticked yet"
    if alive.tick_age <= LATE_TICK:
        return "ok"
    return f"the clock's last tick was worked on {alive.tick_age.total_seconds():.0f} s ago"


def _seconds(age: timedelta | None) -> float | None:
    return round(age.total_seconds(), 1) if age is not None else None


def _redis() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()
    return "ok"
