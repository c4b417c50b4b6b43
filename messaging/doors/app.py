"""The webhook doors: a short path in front of Django, from raw request to committed event to answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from messaging.incoming import NewEvent, new_event
from project.kernel import clock

from .requests import App, CallerGone, Receive, Scope, Send, headers_of, read_body
from .rows import SourceRows
from .sources import (
    BadSignature,
    Door,
    HookRequest,
    Knock,
    NoSuchDoor,
    Refused,
    SourceRow,
    UnknownSource,
    WrongMethod,
    source_named,
)
from .store import EventStore, StoreUnavailable
from .wake import Waker

logger = logging.getLogger(__name__)

PATH: Final = re.compile(r"/hooks/(?P<source>[a-z0-9_]+)/(?P<token>[^/]+)/?(?P<rest>.*)", re.DOTALL)
KEPT_HEADERS: Final = ("content-type", "user-agent")  # nothing that could open a door again


def wrap(inner: App) -> App:
    """`inner` with the doors in front of it: they answer `/hooks/…`, everything else passes through."""
    return WebhookDoors(inner)


class WebhookDoors:
    def __init__(self, inner: App) -> None:
        self._inner = inner
        self._store = EventStore()
        self._rows = SourceRows()
        self._waker = Waker()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http" and scope["path"].startswith("/hooks/"):
            await self._answer(scope, receive, send)
        else:
            await self._inner(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            status = await self._take_in(scope, receive)
        except CallerGone:
            return
        except Refused as refusal:
            logger.info("hook.refused", extra={"status": int(refusal.status), "why": str(refusal)})
            status = refusal.status
        except StoreUnavailable:
            status = HTTPStatus.SERVICE_UNAVAILABLE
        await _respond(send, status)

    async def _take_in(self, scope: Scope, receive: Receive) -> HTTPStatus:
        """Answers only after the commit: until then the provider's copy is the only one."""
        source, token, rest = _addressed(scope["path"])
        door = _door_of(source)
        row = await self._rows.find(source, door, token)
        if row is None:
            raise NoSuchDoor(source)
        if scope["method"] != "POST":
            raise WrongMethod(scope["method"])
        headers = headers_of(scope)
        body = await read_body(receive, headers, limit=door.max_body)
        request = _request(scope, rest, headers, body)
        event = await self._read(source, token, door, row, request)
        if await self._store.add(event):
            self._waker.wake()
        return door.success_status

    async def _read(self, source: str, token: str, door: Door, row: SourceRow, request: HookRequest) -> NewEvent:
        now = clock.now()
        try:
            return _event(source, row, request, door.read(request, row, now))
        except BadSignature:
            newer = await self._rows.find_newer(source, door, token)
            if newer is None:
                raise
            return _event(source, newer, request, door.read(request, newer, now))

    async def _live(self, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await self._store.close()
        self._rows.close()
        self._waker.close()
        await send({"type": "lifespan.shutdown.complete"})


def _addressed(path: str) -> tuple[str, str, str]:
    match = PATH.fullmatch(path)
    if match is None:
        raise NoSuchDoor("no source and token in the path")
    return match["source"], match["token"], match["rest"].rstrip("/")


def _door_of(source: str) -> Door:
    try:
        door = source_named(source).door
    except UnknownSource:
        door = None
    if door is None:
        raise NoSuchDoor(source)
    return door


def _request(scope: Scope, rest: str, headers: Mapping[str, str], body: bytes) -> HookRequest:
    raw_path = scope.get("raw_path") or scope["path"].encode()
    return HookRequest(
        rest=rest,
        raw_path=raw_path.decode("latin-1"),
        query=scope["query_string"].decode("latin-1"),
        headers=headers,
        body=body,
    )


def _event(source: str, row: SourceRow, request: HookRequest, knock: Knock) -> NewEvent:
    return new_event(
        workspace_id=row.workspace_id,
        source=source,
        source_id=row.source_id,
        kind=knock.kind,
        key=knock.key,
        order_key=knock.order_key,
        body=request.body,
        query=request.query,
        headers={name: request.headers[name][:500] for name in KEPT_HEADERS if name in request.headers},
        now=clock.now(),
    )


async def _respond(send: Send, status: HTTPStatus) -> None:
    body = b"" if status < 300 else status.phrase.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    if status != HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", str(len(body)).encode()))
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        headers.append((b"allow", b"POST"))
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers.append((b"retry-after", b"5"))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
