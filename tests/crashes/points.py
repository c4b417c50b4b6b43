"""Named crash points: before and after every commit, every call and every wake of the process that installs them.

A point is named by where it is, what it is and how often it was passed, for example
`messaging.services.dispatch._claim/before commit#2`. Nothing in the product knows of it: Django, psycopg, the HTTP
clients and Celery are wrapped from outside. What happens outside of the product's own code has no name.
"""

from __future__ import annotations

import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import httpx
import psycopg
import requests
from celery.app.task import Task
from django.core.mail import EmailMessage
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

DIED_HERE = 9
"""The exit code of a process that reached its point."""

OURS = ("agents.", "crm.", "handover.", "inbox.", "messaging.", "project.")
SHARED = ("project.kernel.", "project.asgi")
"""Where everybody passes: the caller says more."""
BESIDE = ("analytics.",)
"""What looks on: no message, turn or rung waits for it."""

_WRITES = re.compile(r"\s*(?:INSERT|UPDATE|DELETE|WITH\b.*\b(?:INSERT|UPDATE|DELETE))\b", re.IGNORECASE | re.DOTALL)


class Points:
    """Remembers the points that are passed, and ends the process at one of them."""

    def __init__(self, crash_at: str = "") -> None:
        self.crash_at = crash_at
        self.passed: list[str] = []
        self._times: Counter[str] = Counter()

    def reach(self, what: str) -> None:
        place = place_of(sys._getframe(1))
        if not place:
            return
        name = f"{place}/{what}"
        self._times[name] += 1
        name = f"{name}#{self._times[name]}"
        self.passed.append(name)
        if name == self.crash_at:
            os._exit(DIED_HERE)

    @contextmanager
    def around(self, what: str) -> Iterator[None]:
        self.reach(f"before {what}")
        try:
            yield
        finally:
            self.reach(f"after {what}")


def place_of(frame: FrameType | None) -> str:
    """The innermost function of the product that is on a path; "" when none is at work."""
    while frame is not None:
        module, function = _function_of(frame)
        if module.startswith(BESIDE):
            return ""
        if module.startswith(OURS) and not module.startswith(SHARED):
            return f"{module}.{function}"
        frame = frame.f_back
    return ""


def _function_of(frame: FrameType) -> tuple[str, str]:
    """Of a function decorated by `transaction.atomic`, whose own frame is gone at the commit, the decorator's frame
    still knows the name."""
    if frame.f_code.co_qualname == "ContextDecorator.__call__.<locals>.inner":
        decorated = frame.f_locals["func"]
        return decorated.__module__, decorated.__qualname__
    return frame.f_globals.get("__name__", ""), frame.f_code.co_qualname


# -- where they are ------------------------------------------------------------------------------------------------


def install(points: Points) -> None:
    """For the life of this process."""
    _watch_commits(points)
    _watch_statements(points)
    _watch_doors(points)
    _wrap(points, requests.adapters.HTTPAdapter, "send", lambda _, request, *rest, **more: f"call {request.method}")
    _wrap(points, httpx.Client, "send", lambda _, request, *rest, **more: f"call {request.method}")
    _wrap(points, EmailMessage, "send", lambda *_, **more: "mail")
    _wrap(points, Task, "apply_async", lambda task, *rest, **more: f"wake {task.name}")


def _wrap(points: Points, owner: type, method: str, what: Callable[..., str]) -> None:
    original = getattr(owner, method)

    def watched(*args: Any, **kwargs: Any) -> Any:
        with points.around(what(*args, **kwargs)):
            return original(*args, **kwargs)

    setattr(owner, method, watched)


def _watch_commits(points: Points) -> None:
    """A transaction that wrote nothing commits nothing: a crash there is a crash at the point before."""
    commit, rollback = BaseDatabaseWrapper._commit, BaseDatabaseWrapper._rollback

    def watched_commit(self: Any) -> None:
        if not getattr(self, "has_written", False):
            return commit(self)
        with points.around("commit"):
            commit(self)
        self.has_written = False
        return None

    def watched_rollback(self: Any) -> None:
        self.has_written = False
        rollback(self)

    BaseDatabaseWrapper._commit = watched_commit
    BaseDatabaseWrapper._rollback = watched_rollback


def _watch_statements(points: Points) -> None:
    """A writing statement outside of a transaction is a commit of its own."""

    def watched(execute: Any, sql: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
        connection = context["connection"]
        if not _WRITES.match(str(sql)):
            return execute(sql, params, many, context)
        if connection.in_atomic_block:
            connection.has_written = True
            return execute(sql, params, many, context)
        with points.around("write"):
            return execute(sql, params, many, context)

    def watch(connection: BaseDatabaseWrapper, **more: Any) -> None:
        if watched not in connection.execute_wrappers:
            connection.execute_wrappers.append(watched)

    connection_created.connect(watch, weak=False)


def _watch_doors(points: Points) -> None:
    """The webhook doors write through a connection of their own, many events in one commit."""
    execute = psycopg.AsyncConnection.execute

    async def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        points.reach("before grouped commit")
        try:
            return await execute(self, *args, **kwargs)
        finally:
            points.reach("after grouped commit")

    psycopg.AsyncConnection.execute = watched  # type: ignore[method-assign]
