"""DATABASE_URL as Django's settings, with psycopg's own pool."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from project.env import InvalidEnvironment

IDLE_IN_TRANSACTION_SECONDS = 10


def pool_options(size: int) -> dict[str, Any]:
    """The pool doubles its pauses between attempts to connect, for `reconnect_timeout` seconds; afterwards whoever
    needs a connection tries at once. With its own five minutes, PostgreSQL could be back for a minute unnoticed.
    """
    return {"min_size": 1, "max_size": size, "timeout": 5, "reconnect_timeout": 2}


def idle_limit(own: str) -> str:
    """A transaction that its process forgot (paused, or stuck) holds locks and keeps dead rows from being removed:
    PostgreSQL ends it. Ours never wait for anything but PostgreSQL. What DATABASE_URL says itself comes last and wins.
    """
    return f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_SECONDS}s {own}".strip()


def postgres(url: str, *, pool_size: int) -> dict[str, Any]:
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise InvalidEnvironment("DATABASE_URL is not of the form postgresql://user:password@host:5432/name")
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "project.postgres",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": str(parts.port or ""),
        # A pool and persistent connections exclude each other; under ASGI the latter leak.
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,  # project.postgres looks, and does not rest after each dead connection
        "OPTIONS": {
            **options,
            "options": idle_limit(options.get("options", "")),
            "pool": pool_options(pool_size),
            # Values travel beside the text, so PostgreSQL keeps the plan of what a connection asks for the fifth time.
            "server_side_binding": True,
            "prepare_threshold": 5,
        },
    }
