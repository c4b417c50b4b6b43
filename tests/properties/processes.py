"""Processes that stop after each of their commits and around each call to a provider, until they are told to go on.

Each is a thread with a database connection of its own, and only one of them moves at a time. Whatever stands still
holds no lock, like a process between two transactions; one that is killed never comes back from where it stopped.
"""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction

PATIENCE_SECONDS = 30.0
COMMITTED = "committed"

_WRITES = re.compile(r"\b(INSERT\s+INTO|DELETE\s+FROM|(?<!FOR )(?<!KEY )UPDATE\s+\W?\w)", re.IGNORECASE)

_current = threading.local()


class Killed(BaseException):
    """`except Exception` must not catch the end of a process."""


class Process:
    """`stopped_at` is where it stands, empty when it has nothing to do; `came_to` is what its last work returned."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.stopped_at = ""
        self.told: Any = None
        self.has_written = False
        self.came_to: object = None
        self._work: Callable[[], object] | None = None
        self._is_killed = False
        self._error: BaseException | None = None
        self._may_move = threading.Semaphore(0)
        self._has_stopped = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._live, name=name, daemon=True)
        self._thread.start()

    # -- what the test does --------------------------------------------------------------------------------------

    def begin(self, work: Callable[[], object]) -> None:
        """Up to the first stop. Work that wrote nothing before it found nothing to do, and ends at once."""
        assert self.is_idle, f"{self.name} stands at {self.stopped_at}"
        self.has_written, self.came_to, self._work = False, None, work
        self._move()
        if self.stopped_at == COMMITTED and not self.has_written:
            self.finish()

    def go_on(self, told: object = None) -> None:
        """To the next stop, or to the end; an error of the work is raised here."""
        assert not self.is_idle
        self.told = told
        self._move()

    def finish(self) -> None:
        while not self.is_idle:
            self.go_on()

    def kill(self) -> None:
        if not self.is_idle:
            self._is_killed = True
            self._move()

    def end(self) -> None:
        self.kill()
        self._work = None
        self._may_move.release()
        self._thread.join(PATIENCE_SECONDS)

    @property
    def is_idle(self) -> bool:
        return not self.stopped_at

    def _move(self) -> None:
        self._may_move.release()
        assert self._has_stopped.acquire(timeout=PATIENCE_SECONDS), f"{self.name} hangs"
        error, self._error = self._error, None
        if error is not None:
            raise error

    # -- in the thread -------------------------------------------------------------------------------------------

    def stop(self, where: str) -> Any:
        """Stand still here; what it was told when it went on."""
        self.stopped_at = where
        self._has_stopped.release()
        self._may_move.acquire()
        if self._is_killed:
            raise Killed
        return self.told

    def _live(self) -> None:
        _current.process = self
        try:
            with connection.execute_wrapper(self._notice):
                while self._wait_for_work():
                    self._work_once()
        finally:
            connection.close()

    def _wait_for_work(self) -> bool:
        self._may_move.acquire()
        return self._work is not None

    def _work_once(self) -> None:
        assert self._work is not None
        try:
            self.came_to = self._work()
        except Killed:
            pass
        except BaseException as error:
            self._error = error
        self.stopped_at, self._is_killed = "", False
        self._has_stopped.release()

    def _notice(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        result = execute(sql, params, many, context)
        if _WRITES.search(sql):
            self.has_written = True
            if not connection.in_atomic_block:
                self.stop(COMMITTED)
        return result


def current() -> Process | None:
    return getattr(_current, "process", None)


@contextmanager
def stopping_after_commits() -> Iterator[None]:
    """Let every `Process` stop whenever its outermost transaction has committed."""
    leave = transaction.Atomic.__exit__

    def leave_and_stop(self: Any, *error: Any) -> Any:
        result = leave(self, *error)
        process = current()
        if process is not None and error[0] is None and not connection.in_atomic_block:
            process.stop(COMMITTED)
        return result

    transaction.Atomic.__exit__ = leave_and_stop
    try:
        yield
    finally:
        transaction.Atomic.__exit__ = leave
