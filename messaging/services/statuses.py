"""Delivery statuses: they come in any order, repeated or never; a message only moves forward."""

import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from crm.models.activity import ActivityKind
from crm.services.activity import record_activity
from messaging import transports
from messaging.models import Attempt, Channel, Conversation, Message, ServiceWindow
from messaging.models.deliveries import AttemptState
from messaging.models.messages import Direction, MessageStatus
from messaging.transports import Receipt

from .conversations import lock_conversation, next_seq
from .reactions import free, react
from .settlement import OPEN, settle_accepted

RANK = {
    MessageStatus.SENDING: 0,
    MessageStatus.UNKNOWN: 0,
    MessageStatus.IN_DOUBT: 0,
    MessageStatus.ACCEPTED: 1,
    MessageStatus.SENT: 2,
    MessageStatus.DELIVERED: 3,
    MessageStatus.READ: 4,
    # a later delivery proves a failure wrong; nothing less does, and nothing less calls off the next try
    MessageStatus.FAILED: 2,
    MessageStatus.QUEUED: 2,
    MessageStatus.SUPPRESSED: 2,
}
INSTANT = {MessageStatus.SENT: "sent_at", MessageStatus.DELIVERED: "delivered_at", MessageStatus.READ: "read_at"}


PROOFS = (MessageStatus.DELIVERED, MessageStatus.READ)
"""What is true of the message whichever of its tries it is told of."""


class UnknownMessage(LookupError):
    """A status names a message that this channel never sent."""


@transaction.atomic
def record_status(
    *,
    channel: Channel,
    provider_id: str,
    message_id: str | None,
    status: str,
    now: datetime,
    error_code: str = "",
    detail: str = "",
) -> bool:
    """Move a message forward to `status` (accepted, sent, delivered, read, failed); False when it was there already.

    `message_id` is our own id as it travelled with the message: it settles an attempt whose answer was lost.
    Raises UnknownMessage.
    """
    found = _find(channel, provider_id, message_id)
    conversation = lock_conversation(found.conversation_id)
    tries = list(Attempt.objects.filter(message=found).order_by("number"))
    _name_abandoned_try(tries, provider_id)
    if not _is_of_earlier_try(provider_id, tries):
        _settle_last_try(tries, provider_id, status, now)
    elif status not in PROOFS or tries[-1].state in OPEN:
        return False
    message = Message.objects.get(pk=found.pk)
    message.channel = channel
    if status == MessageStatus.FAILED:
        return _fail(message, conversation, error_code, detail, now)
    return _advance(message, conversation, MessageStatus(status), provider_id, now)


@transaction.atomic
def note_terms(
    *, channel: Channel, provider_id: str, message_id: str | None, terms: dict[str, Any], free_until: datetime | None
) -> None:
    """Keep what the message costs as the provider says, and until when messages cost nothing. Raises UnknownMessage."""
    found = _find(channel, provider_id, message_id)
    conversation = lock_conversation(found.conversation_id)
    message = Message.objects.get(pk=found.pk)
    if message.payload.get("pricing") != terms and terms:
        message.payload = {**message.payload, "pricing": terms}
        message.save(update_fields=["payload"])
    if free_until:
        windows = ServiceWindow.objects.filter(conversation=conversation, channel=channel)
        windows.filter(Q(free_until=None) | Q(free_until__lt=free_until)).update(free_until=free_until)


def _find(channel: Channel, provider_id: str, message_id: str | None) -> Message:
    sent = Message.objects.filter(channel=channel, direction=Direction.OUT).only("conversation_id")
    found = None
    if message_id:
        try:
            found = sent.filter(pk=uuid.UUID(message_id)).first()
        except ValueError:
            found = None
    if found is None and provider_id:
        found = sent.filter(provider_id=provider_id).first()
    if found is None:
        raise UnknownMessage(f"No message {message_id or provider_id} was sent on this channel.")
    return found


def _name_abandoned_try(tries: list[Attempt], provider_id: str) -> None:
    """A person sent it again in doubt, and an id that the latest try does not bear shows: the doubted one was there."""
    doubted = next((attempt for attempt in tries[:-1] if attempt.state == AttemptState.ABANDONED), None)
    known = {attempt.provider_id for attempt in tries}
    if doubted is not None and provider_id and tries[-1].provider_id and provider_id not in known:
        doubted.state, doubted.provider_id = AttemptState.ACCEPTED, provider_id
        doubted.save(update_fields=["state", "provider_id"])


def _is_of_earlier_try(provider_id: str, tries: list[Attempt]) -> bool:
    """The message was tried again since: what comes late about an earlier try says nothing of the latest."""
    earlier = {attempt.provider_id for attempt in tries[:-1]}
    return provider_id in earlier and provider_id != tries[-1].provider_id


def _settle_last_try(tries: list[Attempt], provider_id: str, status: str, now: datetime) -> None:
    """A call whose answer was lost, or that nobody could settle, is answered by the callback."""
    if not tries:
        return
    if tries[-1].state in OPEN:
        settle_accepted(attempt_id=tries[-1].pk, receipt=Receipt(provider_id, status), now=now)
    elif tries[-1].state == AttemptState.ABANDONED:
        Attempt.objects.filter(pk=tries[-1].pk).update(state=AttemptState.ACCEPTED, provider_id=provider_id)


def _advance(
    message: Message, conversation: Conversation, status: MessageStatus, provider_id: str, now: datetime
) -> bool:
    if RANK[status] <= RANK.get(MessageStatus(message.status), -1):
        return False
    was_waiting = message.status == MessageStatus.QUEUED
    message.status = status
    message.due_at = None
    message.provider_id = message.provider_id or provider_id
    instant = INSTANT.get(status)
    if instant and (getattr(message, instant) is None):
        setattr(message, instant, now)
    message.seq = next_seq(conversation)
    message.save(update_fields=["status", "due_at", "provider_id", "sent_at", "delivered_at", "read_at", "seq"])
    if was_waiting:  # to be tried again, which is called off: nothing of its grant may be on its way any more
        free(message)
    if status == MessageStatus.READ:
        record_activity(lead=message.lead, kind=ActivityKind.MESSAGE_READ, key=f"read:{message.pk}", now=now)
    return True


def _fail(message: Message, conversation: Conversation, code: str, detail: str, now: datetime) -> bool:
    """The provider could not deliver. What may be repeated is repeated; what was delivered cannot fail any more."""
    if message.status not in (MessageStatus.ACCEPTED, MessageStatus.SENT, MessageStatus.IN_DOUBT):
        return False
    window = ServiceWindow.objects.filter(conversation=conversation, channel=message.channel).first()
    reaction = transports.reaction_for(message.channel.kind, code, to=window.address if window else "")
    react(message, conversation, reaction, code=code, why=detail or reaction.meaning, now=now)
    if message.status == MessageStatus.QUEUED:  # the id belongs to the try that failed
        Message.objects.filter(pk=message.pk).update(provider_id="")
    return True
