"""One worker climbs whatever is due: the sweeper of the ladder, called until it finds nothing."""

from __future__ import annotations

import time
from typing import Any

from bench.inside.counting import counted_statements
from handover.services.ladder import climb_one_due_step
from project.kernel import clock
from project.kernel.due import drain


def measure() -> dict[str, Any]:
    began = time.perf_counter()
    with counted_statements() as statements:
        climbed = drain(climb_one_due_step, clock=clock.now, limit=1_000_000)
    return {"steps": climbed, "seconds": time.perf_counter() - began, "statements": statements.count}
