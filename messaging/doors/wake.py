"""Waking the applier after a commit: from a thread, and once for all events that came meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from project.kernel.events import wake

PAUSE_SECONDS: Final = 0.02  # a burst costs the broker fifty messages a second, not thousands


logger = logging.getLogger(__name__)


def wake_applier() -> None:
    from messaging.tasks import apply_events  # Celery is loaded when the first event has come

    wake(apply_events)


class Waker:
    """A broker that is away delays nobody and loses nothing: the sweep finds the rows."""

    def __init__(self, ring: Callable[[], None] = wake_applier) -> None:
        self._ring = ring
        self._is_wanted = False
        self._ringing: asyncio.Task[None] | None = None
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="hook-wake")

    def wake(self) -> None:
        self._is_wanted = True
        if self._ringing is None or self._ringing.done():
            self._ringing = asyncio.create_task(self._ring_while_wanted())

    async def _ring_while_wanted(self) -> None:
        while self._is_wanted:
            self._is_wanted = False
            await self._ring_once()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _ring_once(self) -> None:
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._ring)
        except Exception as error:  # the row is safe, and the next event rings again
            logger.warning("hook.wake_failed", exc_info=error)

    def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)
