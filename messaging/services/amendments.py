"""What customers do to words that were said already: they edit them, delete them, react to them.

The message shows what it says now; what it said before stays in the trail. None of this asks for an answer.
"""

from datetime import datetime

from django.db import transaction

from crm.services.trail import record_decision
from messaging.models import Channel, Conversation, Message
from messaging.models.messages import Direction

from .conversations import lock_conversation, next_seq
from .receiving import preview_of

QUOTED_LENGTH = 120


class NoSuchMessage(LookupError):
    """The channel has no such message."""


@transaction.atomic
def edit_message(*, channel: Channel, provider_id: str, body: str, now: datetime) -> bool:
    """The customer's message says `body` from now on; False when it does already. Raises NoSuchMessage."""
    message, conversation = _locked(channel, provider_id, Direction.IN)
    if message.body == body or message.payload.get("deleted"):
        return False
    was, message.body = message.body, body
    message.payload = {**message.payload, "edited": True}
    _save(message, conversation)
    _tell(message, "message.edited", f"{message.lead} changed “{was}” to “{body}”.", now, before=was, after=body)
    return True


@transaction.atomic
def delete_message(*, channel: Channel, provider_id: str, now: datetime) -> bool:
    """The customer took the message back; False when they did before. Raises NoSuchMessage."""
    message, conversation = _locked(channel, provider_id, Direction.IN)
    if message.payload.get("deleted"):
        return False
    was, media = message.body, message.media
    message.body, message.media, message.payload = "", [], {"deleted": True}
    _save(message, conversation)
    words = f"“{was}”" if was else "a message without text"
    _tell(message, "message.deleted", f"{message.lead} deleted {words}.", now, before=was, media=media)
    return True


@transaction.atomic
def record_reaction(*, channel: Channel, provider_id: str, emoji: str, now: datetime) -> bool:
    """The customer's reaction to anybody's message; none takes it back. False when it is there already.

    Raises NoSuchMessage.
    """
    message, conversation = _locked(channel, provider_id)
    if message.payload.get("reaction", "") == emoji:
        return False
    others = {name: value for name, value in message.payload.items() if name != "reaction"}
    message.payload = {**others, "reaction": emoji} if emoji else others
    _save(message, conversation)
    deed = f"reacted with {emoji} to" if emoji else "took back the reaction to"
    _tell(message, "message.reacted", f"{message.lead} {deed} “{preview_of(message)}”.", now, emoji=emoji)
    return True


def quote_of(*, channel: Channel, provider_id: str) -> str:
    """How the message begins that another one answers; "" when it is not known."""
    found = Message.objects.filter(channel=channel, provider_id=provider_id).first() if provider_id else None
    return preview_of(found)[:QUOTED_LENGTH] if found else ""


def _locked(channel: Channel, provider_id: str, *directions: str) -> tuple[Message, Conversation]:
    """The message as it is under its conversation's lock."""
    known = Message.objects.filter(channel=channel, provider_id=provider_id)
    known = known.filter(direction__in=directions) if directions else known
    conversation_id = known.values_list("conversation_id", flat=True).first()
    if conversation_id is None:
        raise NoSuchMessage(f"There is no message {provider_id}.")
    conversation = lock_conversation(conversation_id)
    return known.select_related("lead").get(), conversation


def _save(message: Message, conversation: Conversation) -> None:
    is_newest = not Message.objects.filter(conversation=conversation, position__gt=message.position).exists()
    message.seq = next_seq(conversation)
    message.save(update_fields=["body", "media", "payload", "seq"])
    if is_newest and message.direction == Direction.IN:
        conversation.last_preview = preview_of(message)
        conversation.save(update_fields=["last_preview"])


def _tell(message: Message, kind: str, reason: str, now: datetime, **facts: object) -> None:
    record_decision(
        lead=message.lead, actor="customer", kind=kind, reason=reason, now=now, message=str(message.pk), **facts
    )
