"""The banner: when messages no longer get through, those who may act on it are told what stopped, and since when."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from django.conf import settings

from analytics.liveness import SILENT_PERIODS, Liveness, read_liveness
from project.kernel import clock

KEPT_SECONDS = 5
"""A process looks no more often than this, however many screens ask."""

STARTED_AT = clock.now()
"""Silence is counted from here at the earliest: after a night switched off, nothing has stopped yet."""


@dataclass(frozen=True, slots=True)
class Alarm:
    """`what` is empty while all is well. Without `since` nothing ever got through."""

    what: str = ""
    since: datetime | None = None


def current_alarm(now: datetime) -> Alarm | None:
    """None when the canary is off: then nobody knows."""
    if not settings.CANARY_SECONDS:
        return None
    return _alarm_at(int(now.timestamp()) // KEPT_SECONDS)


@lru_cache(maxsize=1)
def _alarm_at(moment: int) -> Alarm:
    return alarm_of(read_liveness(datetime.fromtimestamp(moment * KEPT_SECONDS, UTC)), watched_since=STARTED_AT)


def alarm_of(alive: Liveness, *, watched_since: datetime) -> Alarm:
    if not alive.is_silent or alive.now - watched_since <= SILENT_PERIODS * alive.period:
        return Alarm()
    return Alarm(alive.complaint, alive.got_through_at)
