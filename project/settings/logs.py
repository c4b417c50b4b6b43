"""structlog for our own lines and for every library's, as JSON or for a terminal; never with a secret in them."""

import logging
import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

SECRET_NAME = re.compile(r"password|passwd|secret|token|authorization|api_?key|signing_?key|cookie", re.IGNORECASE)
CREDENTIALS_IN_URL = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")


def hide_secrets(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    for name, value in event.items():
        if SECRET_NAME.search(name):
            event[name] = "…"
        elif isinstance(value, str):
            event[name] = CREDENTIALS_IN_URL.sub("…", value)
    return event


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _renderers(as_json: bool) -> list[Processor]:
    if as_json:
        return [structlog.processors.dict_tracebacks, hide_secrets, structlog.processors.JSONRenderer()]
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    return [hide_secrets, plain]


def configure(*, as_json: bool, level: str) -> None:
    renderers: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(as_json)]
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processors": renderers,
        "foreign_pre_chain": _shared_processors(),
    }
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"structlog": formatter},
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structlog"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # One line a second each, and nothing in them.
                "celery.beat": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "httpx": {"level": "WARNING"},
                "twilio.http_client": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*_shared_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
