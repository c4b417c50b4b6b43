"""Reading a raw request, no further than its limit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, MutableMapping
from typing import Any, Final, Protocol

from .sources import BodyTooLarge, BodyTooSlow

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]

BODY_WITHIN_SECONDS: Final = 10.0


class Receive(Protocol):
    async def __call__(self) -> Message: ...


class Send(Protocol):
    async def __call__(self, message: Message) -> None: ...


class App(Protocol):
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...


class CallerGone(Exception):
    """The caller hung up before its body was complete: nothing to store, nobody to answer."""


def headers_of(scope: Scope) -> dict[str, str]:
    """Names in lower case; the first of repeated headers, as a signature is never split over two."""
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        headers.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return headers


async def read_body(receive: Receive, headers: Mapping[str, str], *, limit: int) -> bytes:
    declared = headers.get("content-length", "")
    if declared.isdecimal() and int(declared[:20]) > limit:
        raise BodyTooLarge(f"more than {limit} bytes announced")
    try:
        async with asyncio.timeout(BODY_WITHIN_SECONDS):
            return await _read_chunks(receive, limit)
    except TimeoutError:
        raise BodyTooSlow(f"no whole body within {BODY_WITHIN_SECONDS:g} s") from None


async def _read_chunks(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge(f"more than {limit} bytes")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)
