"""The system that dies: web, beat and workers in one process that obeys, one command after another.

Requests go through the ASGI application as a server hands them over; wakes to Celery wait in memory and are lost with
the process; beat ticks and workers take what was woken, in an order that the seed decides.
"""

from __future__ import annotations

import asyncio
import base64
import json
import os
import socket
import sys
from collections.abc import Callable
from random import Random
from typing import Any

from celery.app.task import Task
from django.conf import settings
from django.db import connections

from tests.crashes import planted, points, warp

Reply = Callable[[dict[str, Any]], None]


class System:
    def __init__(self, *, seed: int, crash_at: str = "") -> None:
        from project.asgi import application

        self._application = application
        self._loop = asyncio.Runner()
        self._chance = Random(seed)
        self._woken: list[tuple[Task, dict[str, Any]]] = []
        self.points = points.Points(crash_at)
        _deliver_wakes_to(self._woken)
        points.install(self.points)

    def obey(self, command: dict[str, Any], reply: Reply) -> None:
        """Every command is answered once; a request at the moment in which its caller has the answer."""
        warp.set_ahead(command["ahead"])
        match command["do"]:
            case "answer":
                self._loop.run(self._answer(command, reply))
            case "work":
                reply({"worked": self._work()})
            case "audit":
                reply(_audit())
            case "points":
                reply({"points": self.points.passed, "modules": sorted(sys.modules)})

    # -- web -------------------------------------------------------------------------------------------------------

    async def _answer(self, command: dict[str, Any], reply: Reply) -> None:
        """Calls the application; what it still does after its answer is waited for, or died in."""
        answer: dict[str, Any] = {"body": ""}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answer["status"] = message["status"]
                return
            answer["body"] += message.get("body", b"").decode()
            if not message.get("more_body", False):
                reply(answer)

        await self._application(_scope(command), _once(base64.b64decode(command["body"])), send)
        while others := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.wait(others)

    # -- beat and workers ------------------------------------------------------------------------------------------

    def _work(self) -> int:
        """Until a whole round finds nothing; the count of rows worked."""
        worked = 0
        while found := self._round():
            worked += found
        return worked

    def _round(self) -> int:
        from project.tasks import sweep

        sweep()
        worked = 0
        while self._woken:
            task, ids = self._woken.pop(self._chance.randrange(len(self._woken)))
            worked += task(**ids) or 0
        return worked


def _deliver_wakes_to(woken: list[tuple[Task, dict[str, Any]]]) -> None:
    def apply_async(task: Task, args: Any = None, kwargs: Any = None, **options: Any) -> None:
        if (task, kwargs) not in woken:
            woken.append((task, kwargs or {}))

    Task.apply_async = apply_async


def _scope(command: dict[str, Any]) -> dict[str, Any]:
    path, _, query = command["path"].partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": command["method"],
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in command["headers"].items()],
        "client": ("127.0.0.1", 1),
        "server": ("baton.example", 443),
    }


def _once(body: bytes) -> Callable[[], Any]:
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> dict[str, Any]:
        if not waiting:
            await asyncio.Event().wait()  # the caller stays on the line
        return waiting.pop()

    return receive


def _audit() -> dict[str, Any]:
    from analytics.services.audits import run_audit

    run = run_audit(workspace=None, since=None, now=warp.now())
    return {"counts": run.counts, "findings": run.findings, "violations": run.violations}


# -- its life ------------------------------------------------------------------------------------------------------


def live(order: dict[str, Any]) -> None:
    """From the fork to the end of the connection that commands come through."""
    settings.DATABASES["default"]["NAME"] = order["database"]
    connections.settings["default"]["NAME"] = order["database"]
    planted.plant(order["bug"])
    system = System(seed=order["seed"], crash_at=order["crash_at"])
    with socket.socket(socket.AF_UNIX) as line:
        line.connect(order["address"])
        with line.makefile("rw") as words:
            for command in words:
                system.obey(json.loads(command), lambda answer: _say(words, answer))
    os._exit(0)


def _say(words: Any, answer: dict[str, Any]) -> None:
    words.write(json.dumps(answer, default=str) + "\n")
    words.flush()
