"""/healthz: the process answers. /readyz: it can do its work, and what is missing when it cannot."""

import logging
from collections.abc import Callable
from datetime import datetime

import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from redis.backoff import NoBackoff
from redis.retry import Retry

from messaging.services.inbox import stuck_events
from project.kernel import clock

logger = logging.getLogger(__name__)

STUCK_SECONDS = 60


def healthz(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def readyz(request: HttpRequest) -> JsonResponse:
    """A missing Redis and a late worker are reported, but leave this process ready: it can still take everything in."""
    now = clock.now()
    checks = {
        "database": _verdict(_database),
        "migrations": _verdict(_migrations),
        "redis": _verdict(_redis),
        "inbox": _verdict(lambda: _inbox(now)),
    }
    ready = checks["database"] == checks["migrations"] == "ok"
    return JsonResponse({"status": "ok" if ready else "unready", "checks": checks}, status=200 if ready else 503)


def _verdict(check: Callable[[], str]) -> str:
    try:
        return check()
    except Exception as error:  # a check's business is to report whatever is wrong
        logger.warning("readyz.failed", extra={"error": str(error)})
        return "unavailable"


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


def _redis() -> str:
    with redis.Redis.from_url(settings.REDIS_URL, socket_timeout=0.5, retry=Retry(NoBackoff(), 0)) as client:
        client.ping()
    return "ok"
