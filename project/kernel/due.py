"""Due rows: business time is a column, never a queue's ETA.

A sweeper `X_one_due_Y(now) -> bool` claims one due row with `FOR UPDATE SKIP LOCKED`, re-reads its condition under
the lock, does the work and answers whether it found any. `drain` calls it until there is nothing left.
Each app registers its sweepers here; the clock's tick wakes only those that have something due.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 5
"""A row whose work failed this often is parked: it stays visible and is not tried again by itself."""


class WorkerDied(Exception):
    """Why a row is parked that ended the process of each of its attempts: nobody was left to tell more."""

    def __str__(self) -> str:
        return "its worker died each time it was taken"


@dataclass(frozen=True, slots=True)
class Sweep:
    """A kind of due row: whether any is due, and the Celery task that works through them."""

    name: str
    is_due: Callable[[datetime], bool]
    task: Any


_sweeps: dict[str, Sweep] = {}


def is_any_due(rows: QuerySet[Any], by: str = "due_at") -> bool:
    """Whether there is a row, looked for in the order of the partial index on `by`.

    Without that order (as in EXISTS) PostgreSQL, which takes state and time for independent, expects to meet a due row
    soon wherever it begins, and reads the whole table: 10 ms among 30,000 open handovers.
    """
    return rows.order_by(by).values_list("pk").first() is not None


def register_sweep(sweep: Sweep) -> None:
    """Called from `AppConfig.ready`; the last registration of a name wins."""
    _sweeps[sweep.name] = sweep


def registered_sweeps() -> tuple[Sweep, ...]:
    return tuple(_sweeps.values())


def drain(
    work_one: Callable[[datetime], bool],
    *,
    clock: Callable[[], datetime],
    limit: int = 500,
    call_help: Callable[[], None] | None = None,
) -> int:
    """Call `work_one(now)` until it finds nothing, at most `limit` times; the count of rows worked.

    The limit gives a worker thread back to its queue; the next tick goes on. A second row means that there may be
    many: `call_help` then wakes somebody else, who does the same.
    """
    for worked in range(limit):
        if not work_one(clock()):
            return worked
        if worked == 1 and call_help:
            call_help()
    return limit


def retry_delay(attempt: int) -> timedelta:
    """How long a row rests after its `attempt`-th failure: 2, 8, 32, 128 seconds."""
    return timedelta(seconds=2 * 4 ** (attempt - 1))
