"""The rows behind the doors' tokens, remembered for a moment so that a webhook costs no look-up."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from django.db import DatabaseError, InterfaceError, connection

from .sources import Door, SourceRow
from .store import StoreUnavailable

logger = logging.getLogger(__name__)

KNOWN_SECONDS: Final = 15.0  # how long a removed channel is still let in
FRESH_SECONDS: Final = 1.0  # how long a new channel may be unknown, or a new secret refused
LOOKUP_WITHIN_SECONDS: Final = 8.0
MAX_ROWS: Final = 10_000
TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{8,64}")

Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Remembered:
    row: SourceRow | None
    at: float

    def is_usable(self, moment: float) -> bool:
        return moment - self.at < (FRESH_SECONDS if self.row is None else KNOWN_SECONDS)


class SourceRows:
    def __init__(self) -> None:
        self._remembered: OrderedDict[Key, Remembered] = OrderedDict()
        self._lookups: dict[Key, asyncio.Future[SourceRow | None]] = {}
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="hook-lookup")

    async def find(self, name: str, door: Door, token: str) -> SourceRow | None:
        if not TOKEN.fullmatch(token):
            return None
        remembered = self._remembered.get((name, token))
        if remembered is not None and remembered.is_usable(time.monotonic()):
            return remembered.row
        return await self._look_up(name, door, token)

    async def find_newer(self, name: str, door: Door, token: str) -> SourceRow | None:
        """The row read again, unless that was done a moment ago: its secrets may just have been replaced."""
        remembered = self._remembered.get((name, token))
        if remembered is not None and time.monotonic() - remembered.at < FRESH_SECONDS:
            return None
        return await self._look_up(name, door, token)

    async def _look_up(self, name: str, door: Door, token: str) -> SourceRow | None:
        """Requests that ask for the same row at the same time share one look-up."""
        key = (name, token)
        lookup = self._lookups.get(key)
        if lookup is None:
            lookup = asyncio.get_running_loop().run_in_executor(self._threads, _load, door, token)
            self._lookups[key] = lookup
            lookup.add_done_callback(lambda done: self._remember(key, done))
        try:
            return await asyncio.wait_for(asyncio.shield(lookup), LOOKUP_WITHIN_SECONDS)
        except (DatabaseError, InterfaceError, TimeoutError) as error:
            raise StoreUnavailable("the row behind the door could not be read") from error

    def _remember(self, key: Key, lookup: asyncio.Future[SourceRow | None]) -> None:
        self._lookups.pop(key, None)
        if lookup.cancelled() or lookup.exception() is not None:
            return
        self._remembered[key] = Remembered(lookup.result(), time.monotonic())
        self._remembered.move_to_end(key)
        if len(self._remembered) > MAX_ROWS:
            self._remembered.popitem(last=False)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _load(door: Door, token: str) -> SourceRow | None:
    try:
        return door.load(token)
    finally:
        connection.close()  # back to Django's pool: no request will ever end in this thread
