"""Applying a visitor's stored message: pure database work in the transaction that marks the event."""

from __future__ import annotations

from datetime import datetime

from crm.models.people import IdentityKind
from messaging.models import Channel, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.receiving import receive_message

from .payloads import StoredMessage
from .webhook import message_key


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    """Turn a stored event into a message of its conversation; raises pydantic's ValidationError."""
    stored = StoredMessage.model_validate_json(bytes(event.body))
    message = receive_message(
        channel=Channel.objects.select_related("workspace").get(pk=event.source_id),
        identities=[(IdentityKind.VISITOR, stored.visitor)],
        address=stored.visitor,
        provider_id=message_key(stored.visitor, stored.said),
        body=stored.said.text,
        at=event.received_at,
        now=now,
        profile_name=stored.said.name,
    )
    return EventState.APPLIED if message else EventState.IGNORED
