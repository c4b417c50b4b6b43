"""One event loop in one thread for all pushes of this process.

Redis connections belong to an event loop: with a loop for every push, each push made two connections of its own.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from typing import Any, Final

PUSH_WITHIN_SECONDS: Final = 1.5

_lock = threading.Lock()
_loops: dict[int, asyncio.AbstractEventLoop] = {}
"""By process id: a fork copies the loop but not its thread."""


def run_in_courier(errand: Coroutine[Any, Any, None]) -> None:
    """Run `errand` in the courier's loop and wait for its end, whatever thread this is; raises what it raises."""
    running = asyncio.run_coroutine_threadsafe(errand, _loop())
    try:
        running.result(PUSH_WITHIN_SECONDS)
    except TimeoutError:
        running.cancel()
        raise


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="courier", daemon=True).start()
        return loop
