"""REDIS_URL (redis://, rediss:// or unix://) in the words of each library that uses it."""

from typing import Any
from urllib.parse import parse_qs, urlsplit


def celery_broker(url: str) -> str:
    """Kombu calls a unix socket `redis+socket`, and its database `virtual_host`."""
    if not url.startswith("unix://"):
        return url
    parts = urlsplit(url)
    database = parse_qs(parts.query).get("db", ["0"])[0]
    credentials = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    return f"redis+socket://{credentials}{parts.path}?virtual_host={database}"


def tolerant_cache(url: str) -> dict[str, Any]:
    return {
        "BACKEND": "project.cache.TolerantRedisCache",
        "LOCATION": url,
        "KEY_PREFIX": "baton",
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }


def channel_layer(url: str, *, prefix: str = "baton") -> dict[str, Any]:
    return {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {"hosts": [{"address": url, "socket_connect_timeout": 0.5}], "prefix": prefix},
    }
