"""The conversation row: the lock of everything about a lead, and the clock of its screens.

Whoever changes anything of a lead's conversation (messages, floor, turn, handover) locks this row first. One lock,
always taken first, means no deadlocks and a strict order of what the screens are told.
"""

from datetime import datetime

from django.db import connection, transaction
from django.db.models import QuerySet

from crm.models import Lead, User
from crm.services.trail import record_decision
from messaging import floor
from messaging.live import announce_change
from messaging.models import Channel, Conversation
from messaging.models.conversations import ConversationStatus


def lock_conversation(conversation_id: int) -> Conversation:
    """The row as it is now, locked until the transaction ends."""
    return _locked().get(pk=conversation_id)


def _locked() -> QuerySet[Conversation]:
    return Conversation.objects.select_for_update(of=("self",), no_key=True).select_related(
        "lead", "channel", "workspace"
    )


_NEXT_SEQ = "UPDATE messaging_conversation SET seq = seq + 1 WHERE id = %s RETURNING seq"


def next_seq(conversation: Conversation) -> int:
    """Count a change on the locked row, and tell the screens after commit.

    The row counts, not the object: a service that locks the conversation again has an object of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_SEQ, [conversation.pk])
        (conversation.seq,) = cursor.fetchone()
    announce_change(
        workspace_id=conversation.workspace_id,
        lead_id=conversation.lead_id,
        conversation_id=conversation.pk,
        seq=conversation.seq,
        to_visitors=conversation.channel.kind == "webchat",
    )
    return conversation.seq


def change_seq(conversation_id: int) -> int:
    """Lock the conversation and count a change, in the caller's transaction."""
    return next_seq(lock_conversation(conversation_id))


def open_conversation(*, lead: Lead, channel: Channel, now: datetime) -> Conversation:
    """The lead's conversation, locked; made on their first message."""
    known = _locked().filter(lead=lead).first()
    if known is not None:
        return known
    conversation, _ = Conversation.objects.get_or_create(
        lead=lead,
        workspace_id=lead.workspace_id,
        defaults={"channel": channel, "created_at": now, "last_message_at": now},
    )
    return lock_conversation(conversation.pk)


@transaction.atomic
def close_conversation(*, conversation: Conversation, user: User, now: datetime) -> bool:
    """Close it: agents' unsent words are withheld, a person's still leave; the customer may reopen it.

    False when it was resolved before.
    """
    conversation = lock_conversation(conversation.pk)
    if conversation.status == ConversationStatus.RESOLVED:
        return False
    conversation.status = ConversationStatus.RESOLVED
    conversation.resolved_at = now
    conversation.turn_due_at = None
    conversation.unanswered_since = None
    conversation.save(update_fields=["status", "resolved_at", "turn_due_at", "unanswered_since"])
    if not floor.take_back(lead_id=conversation.lead_id):
        floor.clear(lead_id=conversation.lead_id)
    record_decision(
        lead=conversation.lead,
        actor=str(user),
        kind="conversation.resolved",
        reason=f"{user} resolved the conversation.",
        now=now,
        user=user.pk,
    )
    next_seq(conversation)
    return True


@transaction.atomic
def assign_conversation(*, conversation: Conversation, user: User, assignee: User | None, now: datetime) -> None:
    conversation = lock_conversation(conversation.pk)
    conversation.assignee = assignee
    conversation.save(update_fields=["assignee"])
    to_whom = f"{assignee}" if assignee else "nobody"
    record_decision(
        lead=conversation.lead,
        actor=str(user),
        kind="conversation.assigned",
        reason=f"{user} assigned the conversation to {to_whom}.",
        now=now,
        assignee=assignee.pk if assignee else None,
    )
    next_seq(conversation)


@transaction.atomic
def mark_seen(*, conversation: Conversation, now: datetime) -> None:
    """A person looked at the thread: nothing in it is unread."""
    if Conversation.objects.filter(pk=conversation.pk, unread__gt=0).exists():
        conversation = lock_conversation(conversation.pk)
        conversation.unread = 0
        conversation.save(update_fields=["unread"])
        next_seq(conversation)
