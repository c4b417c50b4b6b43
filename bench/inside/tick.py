"""The clock's tick while nothing is due: what an idle installation pays every second."""

from __future__ import annotations

import time
from statistics import median
from typing import Any

from bench.inside.counting import counted_statements
from project.tasks import sweep

WARM_UP = 5


def measure(*, ticks: int) -> dict[str, Any]:
    milliseconds = []
    for _ in range(WARM_UP):
        sweep()
    for _ in range(ticks):
        began = time.perf_counter()
        woken = sweep()
        milliseconds.append((time.perf_counter() - began) * 1000)
    with counted_statements() as statements:
        sweep()
    return {"ms": median(milliseconds), "statements": statements.count, "woken": woken}
