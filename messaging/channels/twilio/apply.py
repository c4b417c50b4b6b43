"""Applying Twilio's forms: pure database work in the transaction that marks the event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

from crm.services.consent import record_provider_opt_out
from crm.services.leads import Name
from messaging.models import Channel, Message, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.receiving import receive_message
from messaging.services.statuses import UnknownMessage, record_status

from .payloads import InboundMessage, StatusCallback
from .webhook import parse_form

STATUSES: Final = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "partially_delivered": "delivered",
    "read": "read",
    "failed": "failed",
    "undelivered": "failed",
    "canceled": "failed",
}
"""Twilio's statuses in our words. https://www.twilio.com/docs/messaging/guides/outbound-message-status-in-status-callbacks"""

KEPT: Final = frozenset(
    {
        "message_type",
        "location",
        "button",
        "replied_to",
        "replied_sender",
        "forwarded",
        "frequently_forwarded",
        "referral",
        "opt_out_type",
        "extra",
    }
)
"""What stands on the message beside its words."""

Identities = Callable[[InboundMessage], list[Name]]
StoppedBy = Callable[[InboundMessage], str]


def never_stopped(said: InboundMessage) -> str:
    return ""


def apply_form(
    event: WebhookEvent, *, identities: Identities, stopped_by: StoppedBy = never_stopped, now: datetime
) -> EventState:
    """Apply one stored form; raises UnreadableForm for one that makes no sense.

    `stopped_by` gives the word by which Twilio itself took an opt-out, which is then recorded and not confirmed again.
    """
    channel = Channel.objects.select_related("workspace").get(pk=event.source_id)
    if event.kind == "status":
        return _apply_status(channel, event, now)
    said = InboundMessage.from_form(parse_form(bytes(event.body)))
    message = _receive(channel, event, said, identities(said), now)
    if message is None:
        return EventState.IGNORED
    if word := stopped_by(said):
        record_provider_opt_out(lead=message.lead, channel_kind=channel.kind, proof=word, now=now)
    return EventState.APPLIED


def _receive(
    channel: Channel, event: WebhookEvent, said: InboundMessage, identities: list[Name], now: datetime
) -> Message | None:
    return receive_message(
        channel=channel,
        identities=identities,
        address=said.sender,
        provider_id=said.message_sid,
        body=said.text,
        media=[media.model_dump() for media in said.media],
        payload=said.model_dump(mode="json", exclude_defaults=True, include=set(KEPT)),
        at=event.received_at,
        now=now,
        profile_name=said.profile_name,
    )


def _apply_status(channel: Channel, event: WebhookEvent, now: datetime) -> EventState:
    callback = StatusCallback.from_form(parse_form(bytes(event.body)))
    status = STATUSES.get(callback.status)
    if status is None:
        return EventState.IGNORED
    try:
        moved = record_status(
            channel=channel,
            provider_id=callback.message_sid,
            message_id=next(iter(parse_qs(event.query).get("mid", [])), None),
            status=status,
            error_code=callback.error_code,
            detail=callback.error_message,
            now=now,
        )
    except UnknownMessage:
        return EventState.IGNORED
    return EventState.APPLIED if moved else EventState.IGNORED
