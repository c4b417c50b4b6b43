"""One worker climbs whatever is due, as the clock wakes it: a thread at once, and another with each tick."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Any

from django.db import connection

from bench.inside.counting import counted_statements
from bench.ladder_rows import MAKE_DUE
from handover.services.ladder import climb_one_due_step, has_due_steps
from project.kernel import clock
from project.kernel.due import drain

THREADS = 16
TICK_SECONDS = 1.0


@dataclass(slots=True)
class Worker:
    steps: int = 0
    statements: int = 0
    threads: list[threading.Thread] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def is_working(self) -> bool:
        return any(thread.is_alive() for thread in self.threads)

    def wake(self) -> None:
        if sum(thread.is_alive() for thread in self.threads) < THREADS:
            self.threads.append(threading.Thread(target=self._climb))
            self.threads[-1].start()

    def _climb(self) -> None:
        try:
            with counted_statements() as statements:
                steps = drain(climb_one_due_step, clock=clock.now)
            with self.lock:
                self.steps += steps
                self.statements += statements.count
        finally:
            connection.close()


def measure(*, due: int) -> dict[str, Any]:
    with connection.cursor() as cursor:
        for statement in MAKE_DUE.format(count=due).split(";"):
            cursor.execute(statement)
    worker, began = Worker(), time.perf_counter()
    while has_due_steps(clock.now()) or worker.is_working():
        worker.wake()
        worker.threads[-1].join(TICK_SECONDS)
    seconds = time.perf_counter() - began
    return {"steps": worker.steps, "seconds": seconds, "statements": worker.statements, "threads": len(worker.threads)}
