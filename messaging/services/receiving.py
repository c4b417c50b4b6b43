"""Receiving a customer's message: lead, conversation, message, window; marketing held; news after commit."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction

from crm.models import Lead
from crm.models.activity import ActivityKind
from crm.models.consent import HoldKind
from crm.services.activity import record_activity
from crm.services.holds import place_hold
from crm.services.leads import Name, find_or_create_lead
from crm.services.trail import record_decision
from messaging import signals, transports
from messaging.contents import contents_of
from messaging.models import Channel, Conversation, Message
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import Direction, MessageStatus, Voice
from project.kernel.events import announce

from .conversations import next_seq, open_conversation
from .media import want_media
from .outbound import PREVIEW_LENGTH

CONVERSATION_HOLD = timedelta(hours=24)

LONGEST_DEBOUNCE = 5
"""Pauses after which the agent answers although the customer is still typing."""


@transaction.atomic(savepoint=False)
def receive_message(
    *,
    channel: Channel,
    identities: list[Name],
    address: str,
    provider_id: str,
    body: str,
    at: datetime,
    now: datetime,
    media: list[dict[str, Any]] | None = None,
    payload: dict[str, Any] | None = None,
    profile_name: str = "",
    is_history: bool = False,
) -> Message | None:
    """Store what a customer wrote; None when this provider id was stored before.

    `identities` are the names the channel gives the person, `address` is where answers go, `at` the provider's time.
    What is history stands in the thread and asks for nothing: no turn, no window, no hold.
    """
    lead = find_or_create_lead(workspace=channel.workspace, identities=identities, name=profile_name, now=now)
    conversation = open_conversation(lead=lead, channel=channel, now=now)
    lead = conversation.lead  # another one, if the two were merged while this waited for the lock
    if Message.objects.filter(channel=channel, direction=Direction.IN, provider_id=provider_id).exists():
        return None
    seq = next_seq(conversation)
    message = Message.objects.create(
        workspace_id=lead.workspace_id,
        conversation=conversation,
        lead=lead,
        channel=channel,
        direction=Direction.IN,
        voice=Voice.CUSTOMER,
        body=body,
        media=media or [],
        payload={**(payload or {}), **({"is_history": True} if is_history else {})},
        status=MessageStatus.RECEIVED,
        position=seq,
        seq=seq,
        at=at,
        provider_id=provider_id,
    )
    want_media(message, now=now)
    if is_history:
        _note(conversation, message, now)
    else:
        _follow(conversation, message, now)
        _open_window(conversation, message, address)
        _tell_crm(lead, message, now)
    announce(
        signals.message_received,
        workspace_id=lead.workspace_id,
        conversation_id=conversation.pk,
        message_id=str(message.pk),
    )
    return message


def preview_of(message: Message) -> str:
    if message.body:
        return message.body[:PREVIEW_LENGTH]
    kinds = sorted({str(item.get("content_type", "file")) for item in message.media})
    contents = "; ".join([*kinds, *contents_of(message.payload)])
    return f"[{contents}]"[:PREVIEW_LENGTH] if contents else "[empty message]"


def _note(conversation: Conversation, message: Message, now: datetime) -> None:
    """The list shows it, and nobody is called."""
    conversation.last_message_at = now
    conversation.last_preview = preview_of(message)
    conversation.last_voice = Voice.CUSTOMER
    conversation.save(update_fields=["last_message_at", "last_preview", "last_voice"])
    record_decision(
        lead=conversation.lead,
        actor="customer",
        kind="message.noted",
        reason=f"Noted, and nothing follows from it: “{preview_of(message)}”",
        now=now,
        message=str(message.pk),
        channel=message.channel.kind,
    )


def _follow(conversation: Conversation, message: Message, now: datetime) -> None:
    """The conversation moves to where the customer wrote last, and is open again."""
    was_resolved = conversation.status == ConversationStatus.RESOLVED
    if not transports.capabilities_of(message.channel.kind).receives_only:  # answers could not leave there
        conversation.channel_id = message.channel_id
    conversation.status = ConversationStatus.OPEN
    conversation.resolved_at = None
    conversation.unread += 1
    conversation.last_message_at = now
    conversation.last_inbound_at = max(message.at, conversation.last_inbound_at or message.at)
    conversation.unanswered_since = conversation.unanswered_since or now
    conversation.turn_due_at = _turn_due(conversation, now)
    conversation.last_preview = preview_of(message)
    conversation.last_voice = Voice.CUSTOMER
    conversation.save(
        update_fields=[
            "channel",
            "status",
            "resolved_at",
            "unread",
            "last_message_at",
            "last_inbound_at",
            "unanswered_since",
            "turn_due_at",
            "last_preview",
            "last_voice",
        ]
    )
    if was_resolved:
        record_decision(
            lead=conversation.lead,
            actor="customer",
            kind="conversation.reopened",
            reason="The customer wrote again after the conversation was resolved.",
            now=now,
        )


def _turn_due(conversation: Conversation, now: datetime) -> datetime:
    """Debounce: wait until the customer stopped typing in pieces, but never longer than a few pauses."""
    pause = timedelta(seconds=conversation.workspace.debounce_seconds)
    begun = conversation.unanswered_since or now
    return min(now + pause, max(begun + LONGEST_DEBOUNCE * pause, now))


_OPEN_WINDOW = """
    INSERT INTO messaging_servicewindow AS known
        (workspace_id, conversation_id, channel_id, address, opened_at, closes_at, ad_clicked_at)
    VALUES (%s, %s, %s, %s, %s, %s, %s)
    ON CONFLICT (conversation_id, channel_id) DO UPDATE
       SET address = excluded.address, opened_at = excluded.opened_at, closes_at = excluded.closes_at,
           ad_clicked_at = coalesce(excluded.ad_clicked_at, known.ad_clicked_at), invalid_at = NULL
     WHERE known.opened_at <= excluded.opened_at
"""


def _open_window(conversation: Conversation, message: Message, address: str) -> None:
    """The newest message decides, in whatever order they arrive. Who writes is reached at that address."""
    channel, at = message.channel, message.at
    closes_at = _closing(at, transports.capabilities_of(channel.kind).window_hours)
    clicked_at = at if message.payload.get("referral") else None
    values: list[Any] = [conversation.workspace_id, conversation.pk, channel.pk, address, at, closes_at, clicked_at]
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_WINDOW, values)


def _closing(at: datetime, hours: int | None) -> datetime | None:
    return at + timedelta(hours=hours) if hours is not None else None


def _tell_crm(lead: Lead, message: Message, now: datetime) -> None:
    record_decision(
        lead=lead,
        actor="customer",
        kind="message.received",
        reason=f"{lead} wrote: “{preview_of(message)}”",
        now=now,
        message=str(message.pk),
        channel=message.channel.kind,
    )
    place_hold(
        lead=lead,
        kind=HoldKind.IN_CONVERSATION,
        reason="a conversation is going on",
        until=now + CONVERSATION_HOLD,
        now=now,
    )
    if Message.objects.filter(lead=lead, direction=Direction.OUT).exists():
        record_activity(lead=lead, kind=ActivityKind.MESSAGE_REPLY, key=f"reply:{message.pk}", now=now)
