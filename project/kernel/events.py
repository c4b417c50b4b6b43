"""News of committed facts: signals with ids, and kicks that wake a sweeper.

Both are hints. Whatever is lost between a commit and its news (a crash, a dead Redis) is found again by
the sweep that reads the rows themselves.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.dispatch import Signal

logger = logging.getLogger(__name__)

FIRST, LATER = 0, 3
"""Redis hands out every message of the lower number before any of the higher. With more kicks than workers can take,
the clock's tick would stand behind them until it has expired, time and again, and what it alone wakes (ladders, doubts,
senders that have rested) would never be looked at.
"""


def announce(signal: Signal, **ids: Any) -> None:
    """Send `signal` with `ids` after the current transaction commits; a receiver's error stays its own."""
    transaction.on_commit(lambda: _send(signal, ids), robust=True)


def kick(task: Any) -> None:
    """Wake the sweeper behind the Celery `task` after commit; once a transaction, however often called.

    The pending kicks are looked up among Django's own hooks: those it forgets when a savepoint is rolled back, and a
    list of ours would go on believing in.
    """
    hooks = transaction.get_connection().run_on_commit
    if not any(isinstance(hook, _Kick) and hook.task is task for _, hook, *_ in hooks):
        transaction.on_commit(_Kick(task), robust=True)


@dataclass(frozen=True, slots=True)
class _Kick:
    task: Any

    def __call__(self) -> None:
        wake(self.task)


def wake(task: Any, *, priority: int = LATER, **ids: Any) -> None:
    """Ask a worker to run `task` now, with ids if it is about one row.

    A broker that is away costs lateness only: the sweep will find the row.
    """
    try:
        task.apply_async(kwargs=ids, priority=priority, retry=False)
    except Exception as error:  # any transport error: the row is already safe
        logger.warning("wake.lost", extra={"task": task.name, "error": str(error)})


def _send(signal: Signal, ids: dict[str, Any]) -> None:
    for receiver, outcome in signal.send_robust(sender=None, **ids):
        if isinstance(outcome, Exception):
            logger.error("signal.failed", extra={"receiver": str(receiver)}, exc_info=outcome)


Receiver = Callable[..., None]
