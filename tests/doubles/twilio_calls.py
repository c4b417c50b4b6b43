"""Every request to create a message, whatever came of it: the interval in which a sender spoke."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.doubles.server import Request


@dataclass(slots=True)
class Call:
    """`mid` is the caller's own id for the message, `client_port` tells which process called."""

    mid: str
    to: str
    arrived_at: float
    client_port: int
    accepted_at: float | None = None
    ended_at: float | None = None  # the answer had left, or the caller had
    fault: str = ""


def ignore(_: Call) -> None:
    pass


class CallLedger:
    """`on_call` hears of each call before anything becomes of it."""

    def __init__(self) -> None:
        self.on_call: Callable[[Call], None] = ignore
        self.callees: set[str] = set()
        self._calls: list[Call] = []
        self._open: dict[int, Call] = {}
        self._lock = threading.Lock()

    def all(self) -> list[Call]:
        with self._lock:
            return [replace(call) for call in self._calls]

    def begin(self, request: Request) -> Call:
        form = dict(request.form())
        mid = form.get("StatusCallback", "").partition("mid=")[2]
        call = Call(mid, form.get("To", ""), request.arrived_at, request.client_port)
        with self._lock:
            self._calls.append(call)
            self.callees.add(call.to)
            self._open[id(request)] = call
        self.on_call(call)
        return call

    def end(self, request: Request) -> None:
        with self._lock:
            if call := self._open.pop(id(request), None):
                call.ended_at = time.time()

    def clear(self) -> None:
        with self._lock:
            self._calls.clear()
            self.callees.clear()
