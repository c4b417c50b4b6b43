"""The one statement that takes events in, for the webhook doors and for our own code alike."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final


class UnreadablePayload(ValueError):
    """An event makes no sense, and trying again would not help: it is parked. The text says what is wrong."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """`headers` is JSON; the columns of the statement stand in the order of these fields."""

    workspace_id: int
    source: str
    source_id: int
    kind: str
    key: str
    order_key: str
    query: str
    headers: str
    body: bytes
    received_at: datetime

    @property
    def identity(self) -> tuple[str, int, str]:
        return self.source, self.source_id, self.key


# The keys are inserted in one order everywhere, so that two batches with the same repeated events cannot deadlock;
# the events in the order of arrival, so that their ids tell it. The arrays travel in binary (%b): their text form, with
# its quoting of every element, costs six times the CPU.
INSERT_NEW_EVENTS: Final = """
WITH arrived AS (
    SELECT DISTINCT ON (source, source_id, key) *
    FROM unnest(
        %b::bigint[], %b::text[], %b::bigint[], %b::text[], %b::text[],
        %b::text[], %b::text[], %b::text[], %b::bytea[], %b::timestamptz[]
    ) WITH ORDINALITY AS event (
        workspace_id, source, source_id, kind, key, order_key, query, headers, body, received_at, place
    )
    ORDER BY source, source_id, key, place
), fresh AS (
    INSERT INTO messaging_eventkey (source, source_id, key, received_at)
    SELECT source, source_id, key, received_at FROM arrived
    ON CONFLICT DO NOTHING
    RETURNING source, source_id, key
)
INSERT INTO messaging_webhookevent (
    workspace_id, source, source_id, kind, key, order_key, query, headers, body, received_at,
    state, due_at, attempts_made, error
)
SELECT workspace_id, source, source_id, kind, key, order_key, query, headers::jsonb, body, received_at,
    'received', received_at, 0, ''
FROM arrived JOIN fresh USING (source, source_id, key)
ORDER BY place
RETURNING source, source_id, key
"""


def columns(events: Sequence[NewEvent]) -> list[list[Any]]:
    return [[getattr(event, field.name) for event in events] for field in fields(NewEvent)]


def new_event(
    *,
    workspace_id: int,
    source: str,
    source_id: int,
    kind: str,
    key: str,
    order_key: str,
    body: bytes,
    now: datetime,
    query: str = "",
    headers: Mapping[str, str] | None = None,
) -> NewEvent:
    """An event whose every text PostgreSQL can hold, so that no neighbour in its batch fails with it."""
    return NewEvent(
        workspace_id=workspace_id,
        source=source,
        source_id=source_id,
        kind=storable(kind)[:32],
        key=storable(key)[:255],
        order_key=storable(order_key)[:200],
        query=storable(query),
        headers=json.dumps({name: storable(value) for name, value in (headers or {}).items()}),
        body=body,
        received_at=now,
    )


def storable(text: str) -> str:
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
