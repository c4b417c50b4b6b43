"""What every test may use. The servers themselves come from tests/servers.py, before Django's settings."""

from collections.abc import Iterator

import pytest
import redis
from django.conf import settings


@pytest.fixture(scope="session", autouse=True)
def _empty_redis() -> Iterator[None]:
    """Nothing of an earlier run that happened to have the same process id."""
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
        yield
        client.flushdb()


@pytest.fixture(autouse=True)
def _fresh_cache() -> Iterator[None]:
    """Throttles and rate limits count per test."""
    from django.core.cache import cache

    cache.clear()
    yield
