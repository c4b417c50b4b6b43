"""The canary: every minute the installation has a conversation with itself, because a process that is alive may
consume nothing.

A run posts a signed webhook at our own door. What follows is the ordinary work of the web process and the workers,
which know nothing of the run: event, turn, reply, outbox, status callback. How far it got is read from the rows that
this work leaves behind.
"""

import logging
import time
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from analytics.models import CanaryRun
from messaging.channels.canary.caller import CallFailed
from messaging.channels.canary.conversation import say_hello
from messaging.channels.canary.webhook import KIND, run_key
from messaging.models import Message
from messaging.models.messages import Direction, MessageStatus
from project.kernel.scope import across_workspaces

from .canary_retention import forget_old_runs

logger = logging.getLogger(__name__)

LIMIT = timedelta(seconds=30)
"""A run that has not got through by then is given up; the next one is a customer of its own."""


# -- beginning ---------------------------------------------------------------------------------------------------

_ANY_DUE = """
    SELECT NOT EXISTS (SELECT 1 FROM analytics_canaryrun WHERE scheduled_for = %(period)s)
        OR EXISTS (SELECT 1 FROM analytics_canaryrun WHERE closed_at IS NULL)
"""


def has_canary_work(now: datetime) -> bool:
    """Whether this period's run is still to begin, or one is under way. Off by CANARY_SECONDS=0."""
    if not settings.CANARY_SECONDS:
        return False
    with connection.cursor() as cursor:
        cursor.execute(_ANY_DUE, {"period": _period_of(now)})
        return bool(cursor.fetchone()[0])


def advance_runs(now: datetime) -> None:
    """Begin the run that is due, close what has ended, forget what is old."""
    if begin_one_due_run(now):
        forget_old_runs(now)
    close_finished_runs(now)


def begin_one_due_run(now: datetime) -> bool:
    """Begin this period's run; False when it was begun before, by whichever worker."""
    if not settings.CANARY_SECONDS:
        return False
    run, is_new = CanaryRun.objects.get_or_create(scheduled_for=_period_of(now), defaults={"begun_at": now})
    if is_new:
        _post(run, now)
    return is_new


def begin_run(now: datetime) -> CanaryRun:
    """Begin a run that was asked for by hand."""
    run = CanaryRun.objects.create(begun_at=now)
    _post(run, now)
    return run


def _period_of(now: datetime) -> datetime:
    seconds = settings.CANARY_SECONDS
    return datetime.fromtimestamp(now.timestamp() // seconds * seconds, UTC)


def _post(run: CanaryRun, now: datetime) -> None:
    """Outside any transaction: the run is committed before, and what came of the call is written after."""
    called = time.monotonic()
    try:
        say_hello(run=run.pk, now=now)
    except CallFailed as error:
        run.problem = str(error)
    else:
        run.posted_at = now + timedelta(seconds=time.monotonic() - called)
    run.save(update_fields=["posted_at", "problem"])


# -- following ---------------------------------------------------------------------------------------------------


def follow(run: CanaryRun) -> CanaryRun:
    """The run, with the stages that its conversation has reached by now."""
    for name, instant in _seen(run).items():
        setattr(run, name, instant)
    return run


def close_finished_runs(now: datetime) -> int:
    """Close the runs that got through and give up those over their time; the count of both."""
    return sum(close_if_finished(run, now) for run in CanaryRun.objects.filter(closed_at=None).order_by("begun_at"))


def close_if_finished(run: CanaryRun, now: datetime) -> bool:
    """Of a run that got through late it is still true that it did."""
    missing = follow(run).missing
    if missing and now < run.begun_at + LIMIT:
        return False
    run.closed_at = now
    run.stuck_at = missing or ""
    if missing:
        logger.error("canary.stuck", extra={"run": run.pk, "stage": str(missing), "problem": run.problem})
    run.save(update_fields=[*SEEN, "closed_at", "stuck_at"])
    return True


SEEN = ("applied_at", "turned_at", "queued_at", "accepted_at", "delivered_at")


def _seen(run: CanaryRun) -> dict[str, datetime | None]:
    with across_workspaces():
        said = (
            Message.objects.filter(channel__kind=KIND, direction=Direction.IN, provider_id=run_key(run.pk))
            .select_related("conversation")
            .first()
        )
        if said is None:
            return {}
        conversation = said.conversation
        turn = conversation.turns.filter(finished_at__isnull=False).order_by("id").first()
        words = conversation.messages.filter(direction=Direction.OUT).exclude(status=MessageStatus.SUPPRESSED)
        reply = words.order_by("position").first()
    return {
        "applied_at": conversation.created_at,
        "turned_at": turn.finished_at if turn else None,
        "queued_at": reply.at if reply else None,
        "accepted_at": reply.sent_at if reply else None,
        "delivered_at": reply.delivered_at if reply else None,
    }
