"""The one place that asks what time it is. Only doors call it; everything below takes `now`."""

from datetime import UTC, datetime


def now() -> datetime:
    return datetime.now(UTC)
