"""How often one link and one address may be used. A guard, not a truth: without the cache everybody is let through."""

from datetime import datetime
from hashlib import sha256

from django.core.cache import cache
from django.http import HttpRequest
from redis import RedisError

USES_A_MINUTE = 30
"""Of one link: a person, their mail program, and the scanner before it."""
USES_OF_ADDRESS = 240
"""Of one network address: an office, or a mail provider that does one click for many people."""


def is_too_fast(request: HttpRequest, token: str, now: datetime) -> bool:
    minute = int(now.timestamp()) // 60
    link = sha256(token.encode()).hexdigest()[:32]
    address = request.META.get("REMOTE_ADDR", "")
    return (
        _counted(f"public.pace.{link}.{minute}") > USES_A_MINUTE
        or _counted(f"public.pace.{address}.{minute}") > USES_OF_ADDRESS
    )


def _counted(key: str) -> int:
    try:
        cache.add(key, 0, timeout=120)
        return int(cache.incr(key))
    except (ValueError, RedisError):
        return 0
