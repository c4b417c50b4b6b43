"""How fast one visitor may write. A guard, not a truth: without the cache everybody is let through."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.core.cache import cache
from redis import RedisError

from .identity import Visitor

MESSAGES_A_MINUTE: Final = 30


class TooFast(Exception):
    """`retry_after`: seconds until the next message is taken."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"More than {MESSAGES_A_MINUTE} messages in a minute.")
        self.retry_after = retry_after


def count_message(visitor: Visitor, *, now: datetime) -> None:
    """Count one message in the current clock minute; raises TooFast."""
    minute, second = divmod(int(now.timestamp()), 60)
    if _counted(f"webchat.pace.{visitor.id}.{minute}") > MESSAGES_A_MINUTE:
        raise TooFast(retry_after=60 - second)


def _counted(key: str) -> int:
    try:
        cache.add(key, 0, timeout=120)
        return int(cache.incr(key))
    except (ValueError, RedisError):
        return 0
