"""What stands behind a webhook door: who may knock, what is read from a knock, and who applies it later.

Each kind of channel is a source; `settings.WEBHOOK_SOURCES` names the `Source` of every other, so that no floor
imports a higher one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Any, ClassVar, Protocol, runtime_checkable

from django.conf import settings
from django.utils.module_loading import import_string

from messaging.transports import CHANNELS


class Refused(Exception):
    """A request that is answered with an error and stored nowhere."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST


class UnreadableBody(Refused):
    """Not a form, or not JSON: nothing that this provider ever sends."""


class BadSignature(Refused):
    status = HTTPStatus.FORBIDDEN


class NoSuchDoor(Refused):
    status = HTTPStatus.NOT_FOUND


class WrongMethod(Refused):
    status = HTTPStatus.METHOD_NOT_ALLOWED

    def __init__(self, method: str, allowed: str) -> None:
        super().__init__(method)
        self.allowed = allowed


class WrongVerifyToken(Refused):
    """Who asks whether the address is ours does not know the word that we agreed on."""

    status = HTTPStatus.FORBIDDEN


class BodyTooLarge(Refused):
    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class BodyTooSlow(Refused):
    status = HTTPStatus.REQUEST_TIMEOUT


@dataclass(frozen=True, slots=True)
class SourceRow:
    """The row behind a door's token: a channel, a Calendly connection."""

    workspace_id: int
    source_id: int
    secrets: Mapping[str, str]
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class HookRequest:
    """A request as it came. `rest` is what follows the token in the path; header names are in lower case."""

    rest: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    def url_under(self, base: str) -> str:
        """The address the provider called. `base` is configured: the Host header says whatever its sender likes."""
        address = base.rstrip("/") + self.raw_path
        return f"{address}?{self.query}" if self.query else address


@dataclass(frozen=True, slots=True)
class Knock:
    """What a door must know of an event to store it: its kind, the provider's own key, whose turn it waits for.

    `kept` is stored instead of the request's body where that holds what nobody allowed us to keep.
    """

    kind: str
    key: str
    order_key: str
    kept: bytes | None = None


class Door(Protocol):
    """One provider's side of the door. `read` raises `Refused`; it is pure, and fast: it runs on the event loop."""

    max_body: int
    success_status: HTTPStatus

    def load(self, token: str) -> SourceRow | None: ...

    def read(self, request: HookRequest, row: SourceRow, now: datetime) -> Knock: ...


@runtime_checkable
class AskedDoor(Door, Protocol):
    """A door whose provider asks with a GET, before it delivers anything, whether the address is ours."""

    def confirm(self, request: HookRequest, row: SourceRow) -> bytes:
        """What the provider wants to read; raises `Refused`."""


@dataclass(frozen=True, slots=True)
class Source:
    """`apply` is the dotted path of `apply_event(event, *, now)`; a source without a door is fed by our own code."""

    name: str
    apply: str
    door: Door | None = None


class UnknownSource(LookupError):
    """An event names a source that is no kind of channel, and that settings.WEBHOOK_SOURCES does not hold."""


def source_named(name: str) -> Source:
    if name in CHANNELS:
        return _imported(f"{CHANNELS[name]}.source.SOURCE")
    path = settings.WEBHOOK_SOURCES.get(name)
    if path is None:
        raise UnknownSource(f"no source “{name}” in WEBHOOK_SOURCES")
    return _imported(path)


def source_names() -> list[str]:
    return sorted({*CHANNELS, *settings.WEBHOOK_SOURCES})


@lru_cache(maxsize=64)
def _imported(path: str) -> Source:
    source = import_string(path)
    assert isinstance(source, Source), f"{path} is not a Source"
    return source
