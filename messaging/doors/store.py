"""Storing events from the event loop: what arrives while one commit is under way goes into the next one together.

Nobody is answered before the commit that holds the event. One writer for each process keeps the order of arrival.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Any, Final

import psycopg
from django.db import connections
from psycopg import AsyncConnection

from messaging.incoming import INSERT_NEW_EVENTS, NewEvent, columns

logger = logging.getLogger(__name__)

MAX_BATCH: Final = 500
MAX_WAITING_BYTES: Final = 64 * 1024 * 1024
ANSWER_WITHIN_SECONDS: Final = 10.0  # below the 15 s after which Twilio gives up
CONNECT_WITHIN_SECONDS: Final = 2
WRITE_WITHIN_SECONDS: Final = 6.0

Waiting = tuple[NewEvent, "asyncio.Future[bool]"]


class StoreUnavailable(Exception):
    """The event is not known to be stored: the provider should send it again."""


def connection_options() -> dict[str, Any]:
    """Django's own connection options, without what only Django's wrapper understands."""
    options = connections["default"].get_connection_params()
    for name in ("cursor_factory", "context", "prepare_threshold", "server_side_binding", "pool"):
        options.pop(name, None)
    return {**options, "autocommit": True, "connect_timeout": CONNECT_WITHIN_SECONDS}


class EventStore:
    """One connection of its own: two could commit a customer's second message before the first."""

    def __init__(self) -> None:
        self._connection: AsyncConnection[Any] | None = None
        self._waiting: deque[Waiting] = deque()
        self._waiting_bytes = 0
        self._writer: asyncio.Task[None] | None = None

    async def add(self, event: NewEvent) -> bool:
        """True: new and committed. False: its key was there already. Raises StoreUnavailable."""
        if self._waiting_bytes > MAX_WAITING_BYTES:
            raise StoreUnavailable("too much is waiting for the database")
        stored: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, stored))
        self._waiting_bytes += len(event.body)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_waiting())
        try:
            async with asyncio.timeout(ANSWER_WITHIN_SECONDS):
                return await stored  # its own: a caller who gives up takes nothing from the writer
        except TimeoutError:
            raise StoreUnavailable("the database did not answer in time") from None

    async def close(self) -> None:
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=ANSWER_WITHIN_SECONDS)
        await self._disconnect()

    async def _write_waiting(self) -> None:
        while self._waiting:
            await asyncio.sleep(0)  # whoever is ready in this turn of the loop travels in the same commit
            batch = [self._waiting.popleft() for _ in range(min(len(self._waiting), MAX_BATCH))]
            self._waiting_bytes -= sum(len(event.body) for event, _ in batch)
            await self._write(batch)

    async def _write(self, batch: list[Waiting]) -> None:
        try:
            fresh = await self._insert([event for event, _ in batch])
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError) as error:  # TimeoutError is an OSError
            logger.warning("hook.store_unavailable", extra={"events": len(batch), "error": str(error)})
            _settle_all(batch, StoreUnavailable(str(error)))
        except Exception as error:
            await self._write_each(batch, error)
        else:
            for event, stored in batch:
                _settle(stored, event.identity in fresh)
                fresh.discard(event.identity)  # a repetition within the batch is not new

    async def _write_each(self, batch: list[Waiting], error: Exception) -> None:
        """One event that the database refuses must not take its neighbours along."""
        if len(batch) > 1:
            for waiting in batch:
                await self._write([waiting])
            return
        logger.error("hook.store_failed", extra={"key": batch[0][0].key}, exc_info=error)
        _settle_all(batch, StoreUnavailable(str(error)))

    async def _insert(self, events: list[NewEvent]) -> set[tuple[str, int, str]]:
        was_connected = self._connection is not None
        try:
            return await self._insert_once(events)
        except (psycopg.OperationalError, psycopg.InterfaceError):
            if not was_connected:
                raise
            # The connection had died since (the database restarted). Had the first try committed after all, the
            # second finds its keys and adds nothing.
            return await self._insert_once(events)

    async def _insert_once(self, events: list[NewEvent]) -> set[tuple[str, int, str]]:
        try:
            async with asyncio.timeout(WRITE_WITHIN_SECONDS):
                if self._connection is None:
                    self._connection = await AsyncConnection.connect(**connection_options())
                cursor = await self._connection.execute(INSERT_NEW_EVENTS, columns(events))
                return {(row[0], row[1], row[2]) for row in await cursor.fetchall()}
        except (psycopg.OperationalError, psycopg.InterfaceError, OSError):
            await self._disconnect()
            raise

    async def _disconnect(self) -> None:
        if self._connection is not None:
            await self._connection.close()
            self._connection = None


def _settle_all(batch: list[Waiting], error: StoreUnavailable) -> None:
    for _, stored in batch:
        if not stored.done():
            stored.set_exception(error)
            stored.exception()  # its caller may have given up: then nobody else would look


def _settle(stored: asyncio.Future[bool], is_new: bool) -> None:
    if not stored.done():
        stored.set_result(is_new)
