"""Applying the canary's events: pure database work in the transaction that marks the event."""

from __future__ import annotations

from datetime import datetime

from crm.models.people import IdentityKind
from messaging.models import Channel, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.receiving import receive_message
from messaging.services.statuses import UnknownMessage, record_status

from .payloads import Reported, Said
from .webhook import run_key


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    """Apply one stored event; raises pydantic's ValidationError."""
    channel = Channel.objects.select_related("workspace").get(pk=event.source_id)
    if event.kind == "status":
        return _apply_status(channel, event, now)
    return _apply_inbound(channel, event, now)


def _apply_inbound(channel: Channel, event: WebhookEvent, now: datetime) -> EventState:
    """Each run is a customer of its own: whatever happened to an earlier one's conversation cannot silence it."""
    said = Said.model_validate_json(bytes(event.body))
    address = f"run-{said.run}@canary.invalid"
    message = receive_message(
        channel=channel,
        identities=[(IdentityKind.EMAIL, address)],
        address=address,
        provider_id=run_key(said.run),
        body=said.text,
        at=event.received_at,
        now=now,
        profile_name="Canary",
    )
    return EventState.APPLIED if message else EventState.IGNORED


def _apply_status(channel: Channel, event: WebhookEvent, now: datetime) -> EventState:
    report = Reported.model_validate_json(bytes(event.body))
    message = str(report.message)
    try:
        moved = record_status(channel=channel, provider_id=message, message_id=message, status=report.status, now=now)
    except UnknownMessage:
        return EventState.IGNORED
    return EventState.APPLIED if moved else EventState.IGNORED
