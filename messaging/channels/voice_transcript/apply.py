"""Applying calls: pure database work in the transaction that marks the event.

A call is one message of the customer's, with all that was said on both sides. It is answered, on another channel, only
while that is still a natural thing to do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from crm.services.leads import find_lead
from messaging.incoming import storable
from messaging.models import Channel, Conversation, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.receiving import receive_message
from messaging.transports import capabilities_of

from .checks import ANSWER_WITHIN_MINUTES
from .payloads import Call, read
from .webhook import read_call


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    """Apply one stored call; raises UnreadablePayload for one that makes no sense."""
    channel = Channel.objects.select_related("workspace").get(pk=event.source_id)
    call = read(read_call(bytes(event.body)))
    identities = call.participant.identities
    received = receive_message(
        channel=channel,
        identities=identities,
        address=identities[0][1],
        provider_id=call.id,
        body=call.said if call.consent else "",
        payload={"message_type": "call", "call": call.as_json},
        at=min(call.ended_at.astimezone(UTC), now),
        now=now,
        profile_name=storable(call.participant.name),
        is_history=not _may_be_answered(channel, call, now),
    )
    return EventState.APPLIED if received else EventState.IGNORED


def _may_be_answered(channel: Channel, call: Call, now: datetime) -> bool:
    within = timedelta(minutes=float(channel.settings.get("answer_within_minutes") or ANSWER_WITHIN_MINUTES))
    is_fresh = now - call.ended_at < within
    return call.consent and bool(call.said) and is_fresh and _has_another_channel(channel, call)


def _has_another_channel(channel: Channel, call: Call) -> bool:
    """Where the customer wrote before: the answer leaves there."""
    lead = find_lead(workspace=channel.workspace, identities=call.participant.identities)
    talk = Conversation.objects.filter(lead=lead).select_related("channel").first() if lead else None
    return talk is not None and not capabilities_of(talk.channel.kind).receives_only
