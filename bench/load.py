"""Signed webhooks, made before the clock starts, and a client that is cheaper than the server it measures."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import cast
from urllib.parse import urlencode, urlsplit

import uvloop

from tests.doubles.twilio import AUTH_TOKEN, inbound_form
from tests.doubles.twilio_forms import signed_headers


def signed_request(url: str, *, sender: str, body: str = "Hello, what does it cost?") -> bytes:
    form = inbound_form(body, sender=sender, message_sid=f"SM{uuid.uuid4().hex}")
    payload = urlencode(form).encode()
    parts = urlsplit(url)
    headers = {**signed_headers(url, form, AUTH_TOKEN), "Host": parts.netloc, "Content-Length": str(len(payload))}
    lines = [f"POST {parts.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + payload


@dataclass(slots=True)
class Answers:
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    elapsed: float = 0.0

    @property
    def accepted(self) -> int:
        return sum(count for status, count in self.statuses.items() if 200 <= status < 300)

    def percentile_ms(self, percent: float) -> float:
        return percentile_ms(self.seconds, percent)


def percentile_ms(seconds: Sequence[float], percent: float) -> float:
    ordered = sorted(seconds)
    return round(ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000, 2)


class _Caller(asyncio.Protocol):
    """One connection: the next request leaves when the answer to the last has come."""

    def __init__(self, requests: Iterator[bytes], answers: Answers, deadline: float) -> None:
        self.requests, self.answers, self.deadline = requests, answers, deadline
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own class does not inherit from it
        self._send_next()

    def _send_next(self) -> None:
        request = next(self.requests, None) if time.perf_counter() < self.deadline else None
        if request is None:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.answers.seconds.append(time.perf_counter() - self.sent_at)
        self.answers.statuses[int(data[9:12])] += 1
        self._send_next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_result(None)


def call_repeatedly(url: str, requests: Sequence[bytes], *, connections: int, seconds: float) -> Answers:
    """Closed loop: as many requests as `connections` callers get answered."""
    return uvloop.run(_call_repeatedly(url, iter(requests), connections, seconds))


async def _call_repeatedly(url: str, requests: Iterator[bytes], connections: int, seconds: float) -> Answers:
    parts, answers = urlsplit(url), Answers()
    began = time.perf_counter()
    callers = [_Caller(requests, answers, began + seconds) for _ in range(connections)]
    loop = asyncio.get_running_loop()
    for caller in callers:
        await loop.create_connection(lambda caller=caller: caller, parts.hostname, parts.port or 80)  # type: ignore[misc]
    async with asyncio.timeout(seconds + 30):
        await asyncio.gather(*(caller.done for caller in callers))
    answers.elapsed = time.perf_counter() - began
    return answers


async def call_once(url: str, request: bytes, answers: Answers) -> None:
    """One request on a connection of its own, as a provider makes them."""
    parts = urlsplit(url)
    began = time.perf_counter()
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    writer.write(request)
    head = await reader.readuntil(b"\r\n")
    answers.seconds.append(time.perf_counter() - began)
    answers.statuses[int(head[9:12])] += 1
    writer.close()
