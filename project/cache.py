"""A cache that forgets instead of failing when Redis is away: login and API must not depend on it."""

import logging
from typing import Any

import redis
from django.core.cache.backends.redis import RedisCache, RedisCacheClient
from redis.backoff import NoBackoff
from redis.retry import Retry

logger = logging.getLogger(__name__)

UNAVAILABLE = (redis.ConnectionError, redis.TimeoutError)


class TolerantRedisClient(RedisCacheClient):  # type: ignore[misc]
    """Answers like an empty cache when the server cannot be reached."""

    def get(self, key: Any, default: Any) -> Any:
        try:
            return super().get(key, default)
        except UNAVAILABLE as error:
            return _absent("get", error, default)

    def set(self, key: Any, value: Any, timeout: Any) -> None:
        try:
            super().set(key, value, timeout)
        except UNAVAILABLE as error:
            _absent("set", error, None)

    def add(self, key: Any, value: Any, timeout: Any) -> bool:
        """True: whoever wanted to be first is let through rather than locked out."""
        try:
            return bool(super().add(key, value, timeout))
        except UNAVAILABLE as error:
            return bool(_absent("add", error, True))

    def delete(self, key: Any) -> bool:
        try:
            return bool(super().delete(key))
        except UNAVAILABLE as error:
            return bool(_absent("delete", error, False))


def _absent(command: str, error: Exception, answer: Any) -> Any:
    logger.warning("cache.unavailable", extra={"command": command, "error": str(error)})
    return answer


class TolerantRedisCache(RedisCache):  # type: ignore[misc]
    def __init__(self, server: str, params: dict[str, Any]) -> None:
        # redis-py would otherwise retry with back-off for seconds before it lets a request go on.
        params.setdefault("OPTIONS", {})["retry"] = Retry(NoBackoff(), 0)
        super().__init__(server, params)
        self._class = TolerantRedisClient
