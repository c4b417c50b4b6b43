"""A visitor's message takes the same way as every webhook: kept raw first, applied by a worker after."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from crm.models.people import IdentityKind
from messaging.models import Channel, WebhookEvent
from messaging.services.inbox import store_event
from messaging.services.receiving import receive_message

from .identity import Visitor
from .pace import count_message
from .payloads import Said, StoredMessage

SOURCE: Final = "webchat"


def keep_message(visitor: Visitor, said: Said, *, now: datetime) -> bool:
    """Store one message; False when this one was stored before. Raises TooFast."""
    count_message(visitor, now=now)
    return store_event(
        workspace_id=visitor.channel.workspace_id,
        source=SOURCE,
        source_id=visitor.channel.pk,
        kind="inbound",
        key=_key(visitor.id, said),
        order_key=visitor.id,
        body=StoredMessage(visitor=visitor.id, said=said).model_dump_json().encode(),
        now=now,
    )


def apply_event(event: WebhookEvent, *, now: datetime) -> None:
    """Turn a stored event into a message of its conversation. Runs in the event's workspace scope."""
    stored = StoredMessage.model_validate_json(bytes(event.body))
    receive_message(
        channel=Channel.objects.get(pk=event.source_id),
        identities=[(IdentityKind.VISITOR, stored.visitor)],
        provider_id=_key(stored.visitor, stored.said),
        body=stored.said.text,
        media=[],
        payload={},
        at=event.received_at,
        now=now,
        profile_name=stored.said.name,
    )


def _key(visitor_id: str, said: Said) -> str:
    # The page chose `said.id`: without the visitor before it, one visitor could occupy another's ids.
    return f"{visitor_id}:{said.id}"
