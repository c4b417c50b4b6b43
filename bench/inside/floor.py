"""Clients of the floor: threads of one process that acquire and release until the time is over, and note each grant."""

from __future__ import annotations

import random
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from messaging import floor
from project.kernel.scope import across_workspaces


@dataclass(slots=True)
class Client:
    """`grants`: lead, epoch, and the moments (of the machine's monotonic clock) between which the floor was ours."""

    workspace: int
    leads: range
    ends_at: float = 0.0
    grants: list[tuple[int, int, float, float]] = field(default_factory=list)
    refusals: int = 0

    def run(self, ready: threading.Barrier, started: threading.Event) -> None:
        with across_workspaces():
            self._warm_up()
            ready.wait()
            started.wait()
            while time.monotonic() < self.ends_at:
                self._take_a_turn(random.choice(self.leads))
        connection.close()

    def _warm_up(self) -> None:
        for _ in range(20):
            self._take_a_turn(random.choice(self.leads))
        self.grants.clear()
        self.refusals = 0

    def _take_a_turn(self, lead: int) -> None:
        """A release that found its epoch current says that nobody else was granted the floor since."""
        answer = floor.acquire(workspace_id=self.workspace, lead_id=lead, holder="primary")
        if isinstance(answer, floor.Busy):
            self.refusals += 1
            return
        granted_at = ended_at = time.monotonic()
        assert floor.release(answer), f"lead {lead}: epoch {answer.epoch} was overtaken"
        self.grants.append((lead, answer.epoch, granted_at, ended_at))


def measure(*, threads: int, workspace: int, first: int, last: int, seconds: float) -> dict[str, Any]:
    """Says “ready” when every client is warm, and waits for the word to begin: several processes begin together."""
    clients = [Client(workspace, range(first, last + 1)) for _ in range(threads)]
    ready, started = threading.Barrier(threads + 1), threading.Event()
    running = [threading.Thread(target=client.run, args=(ready, started)) for client in clients]
    for thread in running:
        thread.start()
    ready.wait(60)
    print("ready", flush=True)
    sys.stdin.readline()
    ends_at = time.monotonic() + seconds
    for client in clients:
        client.ends_at = ends_at
    started.set()
    for thread in running:
        thread.join()
    return {
        "grants": [grant for client in clients for grant in client.grants],
        "refusals": sum(client.refusals for client in clients),
    }
