"""A visitor's message takes the same way as every webhook: kept raw first, applied by a worker after."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from messaging.services.inbox import store_event

from .identity import Visitor
from .pace import count_message
from .payloads import Said, StoredMessage

KIND: Final = "webchat"


def keep_message(visitor: Visitor, said: Said, *, now: datetime) -> bool:
    """Store one message; False when this one was stored before. Raises TooFast."""
    count_message(visitor, now=now)
    return store_event(
        workspace_id=visitor.channel.workspace_id,
        source=KIND,
        source_id=visitor.channel.pk,
        kind="inbound",
        key=message_key(visitor.id, said),
        order_key=visitor.id,
        body=StoredMessage(visitor=visitor.id, said=said).model_dump_json().encode(),
        now=now,
    )


def message_key(visitor_id: str, said: Said) -> str:
    # The page chose `said.id`: without the visitor before it, one visitor could occupy another's ids.
    return f"{visitor_id}:{said.id}"
