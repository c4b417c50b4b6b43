"""A race that happens every time: one worker falls asleep in the middle, and another overtakes it, or cannot.

What a guard does shows in the second: it comes through (the guard is off), it waits for a lock of the sleeper, or it
finds nothing to do. No pause is guessed: PostgreSQL says who waits.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from django.db import connection, transaction
from django.db.models import QuerySet

from messaging.services import conversations, sendable

PATIENCE_SECONDS = 30.0

Work = Callable[[], Any]

_WAITING = """
    SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""


class Worker(threading.Thread):
    """`came_to` is what its work returned, or the error that it ended with."""

    def __init__(self, work: Work) -> None:
        super().__init__(daemon=True)
        self.work = work
        self.came_to: Any = None
        self.fell_asleep = threading.Event()
        self.may_wake = threading.Event()

    def run(self) -> None:
        try:
            self.came_to = self.work()
        except Exception as error:
            self.came_to = error
        finally:
            self.fell_asleep.set()
            connection.close()

    def sleep(self) -> None:
        if not self.fell_asleep.is_set():
            self.fell_asleep.set()
            assert self.may_wake.wait(PATIENCE_SECONDS)


def overtake(slow: Work, fast: Work, *, asleep_before: tuple[Any, str]) -> tuple[Any, Any]:
    """Let `slow` fall asleep just before its first call of `(owner, name)`, and wake it when `fast` is through or
    waits for a lock. What both came to."""
    owner, name = asleep_before
    sleeper, overtaker = Worker(slow), Worker(fast)
    go_on = getattr(owner, name)

    def sleep_and_go_on(*args: Any, **more: Any) -> Any:
        if threading.current_thread() is sleeper:
            sleeper.sleep()
        return go_on(*args, **more)

    with mock.patch.object(owner, name, sleep_and_go_on):
        sleeper.start()
        assert sleeper.fell_asleep.wait(PATIENCE_SECONDS)
        assert sleeper.is_alive(), f"it never came to {name}: {sleeper.came_to!r}"
        overtaker.start()
        _wait_until_through_or_waiting(overtaker)
        sleeper.may_wake.set()
        for worker in (sleeper, overtaker):
            worker.join(PATIENCE_SECONDS)
            assert not worker.is_alive(), "a worker hangs"
    return sleeper.came_to, overtaker.came_to


def _wait_until_through_or_waiting(worker: Worker) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while worker.is_alive() and not _someone_waits():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _someone_waits() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_WAITING)
        return bool(cursor.fetchone()[0])


# -- guards that are statements ----------------------------------------------------------------------------------


@contextmanager
def without_conversation_lock() -> Iterator[None]:
    """Nobody locks a conversation: neither who changes it nor who claims its words."""
    with ExitStack() as stack:
        for owner, name, lock in (
            (conversations, "_LOCK", "FOR NO KEY UPDATE"),
            (conversations, "_LOCK_OF_LEAD", "FOR NO KEY UPDATE"),
            (sendable, "_LOCK_NEXT", "FOR NO KEY UPDATE OF conversation SKIP LOCKED"),
        ):
            stack.enter_context(without_clause(owner, name, lock))
        yield


@contextmanager
def blind_to_open_attempts() -> Iterator[None]:
    """Senders that do not look whether an attempt of the lead is in flight or in doubt."""
    with ExitStack() as stack:
        for name in ("_ANY_SENDABLE", "_LOCK_NEXT", "_IS_SENDABLE"):
            stack.enter_context(without_clause(sendable, name, "IN ('calling', 'unknown')", "IN ('nothing')"))
        yield


@contextmanager
def without_clause(owner: Any, name: str, clause: str, instead: str = "") -> Iterator[None]:
    statement = getattr(owner, name)
    assert clause in statement
    with mock.patch.object(owner, name, statement.replace(clause, instead)):
        yield


@contextmanager
def without_row_locks() -> Iterator[None]:
    """Queries that Django builds lock nothing."""
    with mock.patch.object(QuerySet, "select_for_update", lambda rows, **options: rows.all()):
        yield


def in_one_transaction(work: Work) -> Work:
    def run() -> Any:
        with transaction.atomic():
            return work()

    return run
