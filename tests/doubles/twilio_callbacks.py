"""Status callbacks: when a message advances, and how its owner is told."""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Self

import urllib3

from tests.doubles.twilio_book import BookedMessage
from tests.doubles.twilio_forms import send_inbound, status_form

Mark = Callable[[str, str, int | None], None]
_ORDER = ("queued", "accepted", "sending", "sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Step:
    status: str
    delay: float = 0.05  # seconds after the step before
    error_code: int | None = None


@dataclass(frozen=True, slots=True)
class CallbackPlan:
    """What becomes of every message created from now on.

    Reordered delivery is a plan in that order: `CallbackPlan.of("read", "sent", "delivered")`.
    """

    steps: tuple[Step, ...] = (Step("sent"), Step("delivered"), Step("read"))
    copies: int = 1  # how often each callback is sent
    silent: bool = False  # statuses advance, nobody is called

    @classmethod
    def of(cls, *statuses: str, delay: float = 0.05, **options: Any) -> Self:
        return cls(tuple(Step(status, delay) for status in statuses if status), **options)

    @classmethod
    def failing(cls, error_code: int, *, status: str = "undelivered", delay: float = 0.05) -> Self:
        return cls((Step("sent", delay), Step(status, delay, error_code)))

    @classmethod
    def never(cls) -> Self:
        return cls(steps=())

    @classmethod
    def from_json(cls, asked: dict[str, Any]) -> Self:
        """{"steps": [{"status", "delay"?, "error_code"?}], "copies"?, "silent"?}"""
        steps = asked.pop("steps", None)
        return cls(**asked) if steps is None else cls(tuple(Step(**step) for step in steps), **asked)


@dataclass(frozen=True, slots=True)
class SentCallback:
    sid: str
    status: str
    url: str
    at: float
    answer: int  # HTTP status; 0 when nobody answered


@dataclass(order=True, slots=True)
class _Due:
    at: float
    number: int
    act: Callable[[], None] = field(compare=False)


class StatusCaller:
    """One thread watches the clock, a few make the calls; the callbacks of one message keep their order."""

    def __init__(self, mark: Mark, *, routes: dict[str, str] | None = None, threads: int = 8) -> None:
        self.log: list[SentCallback] = []
        self.routes = dict(routes or {})
        self._mark = mark
        self._due: list[_Due] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._is_stopped = False
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="twilio-callback")
        threading.Thread(target=self._watch, daemon=True).start()

    def schedule(self, message: BookedMessage, plan: CallbackPlan, auth_token: str) -> None:
        self._schedule_next(message, plan, auth_token, plan.steps)

    def stop(self) -> None:
        with self._changed:
            self._is_stopped = True
            self._changed.notify()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _schedule_next(
        self, message: BookedMessage, plan: CallbackPlan, auth_token: str, steps: tuple[Step, ...]
    ) -> None:
        if not steps:
            return

        def act() -> None:
            self._take_step(message, plan, auth_token, steps[0])
            self._schedule_next(message, plan, auth_token, steps[1:])

        with self._changed:
            heapq.heappush(self._due, _Due(time.monotonic() + steps[0].delay, next(self._numbers), act))
            self._changed.notify()

    def _take_step(self, message: BookedMessage, plan: CallbackPlan, auth_token: str, step: Step) -> None:
        if _is_forward(message.status, step.status):
            self._mark(message.sid, step.status, step.error_code)
        if message.status_callback and not plan.silent:
            for _ in range(plan.copies):
                self._call(message, step, auth_token)

    def _call(self, message: BookedMessage, step: Step, auth_token: str) -> None:
        url = message.status_callback
        form = status_form(
            message_sid=message.sid,
            status=step.status,
            to=message.to,
            sender=message.sender,
            account_sid=message.account_sid,
            error_code=step.error_code,
        )
        try:
            answer = send_inbound(self._served_at(url), form, auth_token=auth_token, public_url=url)
        except urllib3.exceptions.HTTPError:
            answer = 0
        self.log.append(SentCallback(message.sid, step.status, url, time.time(), answer))

    def _served_at(self, url: str) -> str:
        for public, local in self.routes.items():
            if url.startswith(public):
                return local + url[len(public) :]
        return url

    def _watch(self) -> None:
        while True:
            with self._changed:
                if self._is_stopped:
                    return
                wait = self._due[0].at - time.monotonic() if self._due else None
                if wait is None or wait > 0:
                    self._changed.wait(wait)
                    continue
                due = heapq.heappop(self._due)
                self._pool.submit(due.act)


def _is_forward(old: str, new: str) -> bool:
    if new not in _ORDER or old not in _ORDER:
        return True
    return _ORDER.index(new) >= _ORDER.index(old)
