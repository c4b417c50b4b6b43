"""The webhook doors: a short path in front of Django, from raw request to committed event to answer."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, TypeVar

from messaging.incoming import NewEvent, new_event
from project.kernel import clock

from .requests import App, CallerGone, Receive, Scope, Send, headers_of, read_body
from .rows import SourceRows
from .sources import (
    AskedDoor,
    BadSignature,
    Door,
    HookRequest,
    Knock,
    NoSuchDoor,
    Refused,
    SourceRow,
    UnknownSource,
    WrongMethod,
    WrongVerifyToken,
    source_named,
)
from .store import EventStore, StoreUnavailable
from .wake import Waker

logger = logging.getLogger(__name__)

PATH: Final = re.compile(r"/hooks/(?P<source>[a-z0-9_]+)/(?P<token>[^/]+)/?(?P<rest>.*)", re.DOTALL)
KEPT_HEADERS: Final = ("content-type", "user-agent")  # nothing that could open a door again


Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody at a door that exists, and the row behind it."""

    source: str
    token: str
    door: Door
    row: SourceRow


@dataclass(frozen=True, slots=True)
class Answer:
    status: HTTPStatus
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()


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
            answer = await self._open(scope, receive)
        except CallerGone:
            return
        except Refused as refusal:
            logger.info("hook.refused", extra={"status": int(refusal.status), "why": str(refusal)})
            answer = _refusal(refusal)
        except StoreUnavailable:
            answer = Answer(HTTPStatus.SERVICE_UNAVAILABLE, headers=((b"retry-after", b"5"),))
        await _respond(send, answer)

    async def _open(self, scope: Scope, receive: Receive) -> Answer:
        source, token, rest = _addressed(scope["path"])
        door = _door_of(source)
        row = await self._rows.find(source, door, token)
        if row is None:
            raise NoSuchDoor(source)
        visit = Visit(source, token, door, row)
        if scope["method"] == "GET" and isinstance(door, AskedDoor):
            return await self._confirm(visit, door, _request(scope, rest, headers_of(scope), b""))
        if scope["method"] != "POST":
            raise WrongMethod(scope["method"], "GET, POST" if isinstance(door, AskedDoor) else "POST")
        headers = headers_of(scope)
        body = await read_body(receive, headers, limit=door.max_body)
        return await self._take_in(visit, _request(scope, rest, headers, body))

    async def _take_in(self, visit: Visit, request: HookRequest) -> Answer:
        """Answers only after the commit: until then the provider's copy is the only one."""
        now = clock.now()
        event = await self._with_row(
            visit, lambda row: _event(visit.source, row, request, visit.door.read(request, row, now))
        )
        if await self._store.add(event):
            self._waker.wake()
        return Answer(visit.door.success_status)

    async def _confirm(self, visit: Visit, door: AskedDoor, request: HookRequest) -> Answer:
        return Answer(HTTPStatus.OK, await self._with_row(visit, lambda row: door.confirm(request, row)))

    async def _with_row(self, visit: Visit, act: Callable[[SourceRow], Outcome]) -> Outcome:
        """Once more with the row as it is now, where its secrets may just have been replaced."""
        try:
            return act(visit.row)
        except (BadSignature, WrongVerifyToken):
            newer = await self._rows.find_newer(visit.source, visit.door, visit.token)
            if newer is None:
                raise
            return act(newer)

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
        body=request.body if knock.kept is None else knock.kept,
        query=request.query,
        headers={name: request.headers[name][:500] for name in KEPT_HEADERS if name in request.headers},
        now=clock.now(),
    )


def _refusal(refusal: Refused) -> Answer:
    allow = ((b"allow", refusal.allowed.encode()),) if isinstance(refusal, WrongMethod) else ()
    return Answer(refusal.status, headers=allow)


async def _respond(send: Send, answer: Answer) -> None:
    status = answer.status
    body = answer.body if status < 300 else status.phrase.encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"x-content-type-options", b"nosniff")]
    if status != HTTPStatus.NO_CONTENT:
        headers.append((b"content-length", str(len(body)).encode()))
    headers.extend(answer.headers)
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})
