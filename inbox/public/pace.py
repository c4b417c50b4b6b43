"""How often one link may be used, and how often an address may try links that are none.

A guard, not a truth: without the cache everybody is let through. Good links are not counted by address: a mail
provider does one click for all of its users from a few addresses, and none of them may be refused.
"""

from datetime import datetime
from hashlib import sha256

from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError

USES_A_MINUTE = 30
"""Of one link: a person, their mail program, and the scanner before it."""
GUESSES_A_MINUTE = 60


def is_used_too_fast(token: str, now: datetime) -> bool:
    return _counted("link", sha256(token.encode()).hexdigest()[:32], now) > USES_A_MINUTE


def is_guessing(request: HttpRequest, now: datetime) -> bool:
    return _counted("address", request.META.get("REMOTE_ADDR", ""), now) > GUESSES_A_MINUTE


def _counted(kind: str, who: str, now: datetime) -> int:
    key = f"public.{kind}.{who}.{int(now.timestamp()) // 60}"
    try:
        cache.add(key, 0, timeout=120)
        return int(cache.incr(key))
    except (ValueError, RedisError):
        return 0
