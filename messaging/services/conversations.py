"""The conversation row: the lock of everything about a lead, and the clock of its screens.

Whoever changes anything of a lead's conversation (messages, floor, turn, handover) locks this row first. One lock,
always taken first, means no deadlocks and a strict order of what the screens are told.
"""

from datetime import datetime
from functools import lru_cache

from django.db import connection, transaction

from crm.models import Lead, User
from crm.services.leads import survivor_of
from crm.services.trail import record_decision
from messaging import floor
from messaging.live import announce_change
from messaging.models import Channel, Conversation
from messaging.models.conversations import ConversationStatus
from messaging.transports import capabilities_of

_LOCK = "SELECT * FROM messaging_conversation WHERE id = %s FOR NO KEY UPDATE"
_LOCK_OF_LEAD = "SELECT * FROM messaging_conversation WHERE lead_id = %s FOR NO KEY UPDATE"
_RELATED = ("lead", "channel", "workspace")


def lock_conversation(conversation: Conversation | int) -> Conversation:
    """The row as it is now, locked until the transaction ends.

    Plain SQL, because this is the most frequent query of all. The lead, channel and workspace that the given object
    has already read are kept; otherwise they are read when they are needed. A conversation that was merged into
    another gives that one: whoever waited here while it happened goes on where everything went.
    """
    known = conversation if isinstance(conversation, Conversation) else None
    locked = Conversation.objects.raw(_LOCK, [known.pk if known else conversation])[0]
    while locked.merged_into_id is not None:
        locked = Conversation.objects.raw(_LOCK, [locked.merged_into_id])[0]
    if known is not None:
        _keep_related(known, locked)
    return locked


def _keep_related(known: Conversation, locked: Conversation) -> None:
    for name in _RELATED:
        is_same = getattr(known, f"{name}_id") == getattr(locked, f"{name}_id")
        if is_same and name in known._state.fields_cache:
            locked._state.fields_cache[name] = known._state.fields_cache[name]


_NEXT_SEQ = "UPDATE messaging_conversation SET seq = seq + 1 WHERE id = %s RETURNING seq"


def next_seq(conversation: Conversation) -> int:
    """Count a change on the locked row, and tell the screens after commit.

    The row counts, not the object: a service that locks the conversation again has an object of its own.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_SEQ, [conversation.pk])
        (conversation.seq,) = cursor.fetchone()
    tell_screens(conversation)
    return conversation.seq


def tell_screens(conversation: Conversation) -> None:
    """After commit, say that the conversation is at the `seq` that it has now."""
    announce_change(
        workspace_id=conversation.workspace_id,
        lead_id=conversation.lead_id,
        conversation_id=conversation.pk,
        seq=conversation.seq,
        to_visitors=_has_live_page(conversation.channel_id),
    )


@lru_cache(maxsize=10_000)
def _has_live_page(channel_id: int) -> bool:
    """A channel never changes its kind, so this is asked once."""
    kind = Channel.objects.values_list("kind", flat=True).get(pk=channel_id)
    return capabilities_of(kind).has_live_page


def change_seq(conversation_id: int) -> int:
    """Lock the conversation and count a change, in the caller's transaction."""
    return next_seq(lock_conversation(conversation_id))


def open_conversation(*, lead: Lead, channel: Channel, now: datetime) -> Conversation:
    """The lead's conversation, locked; made on their first message. Its lead is the one that they are by now."""
    conversation = _lock_conversation_of(lead)
    if conversation is None and (survivor := survivor_of(lead)).pk != lead.pk:  # merged in the moment since
        return open_conversation(lead=survivor, channel=channel, now=now)
    if conversation is None:
        new = Conversation(
            workspace_id=lead.workspace_id, lead=lead, channel=channel, created_at=now, last_message_at=now
        )
        Conversation.objects.bulk_create([new], ignore_conflicts=True)  # their other first message may be quicker
        conversation = _lock_conversation_of(lead)
        assert conversation is not None
    if conversation.lead_id == lead.pk:
        conversation.lead = lead
    conversation.workspace = channel.workspace
    return conversation


def _lock_conversation_of(lead: Lead) -> Conversation | None:
    locked = next(iter(Conversation.objects.raw(_LOCK_OF_LEAD, [lead.pk])), None)
    return lock_conversation(locked) if locked is not None and locked.merged_into_id is not None else locked


@transaction.atomic
def close_conversation(*, conversation: Conversation, user: User, now: datetime) -> bool:
    """Close it: agents' unsent words are withheld, a person's still leave; the customer may reopen it.

    False when it was resolved before.
    """
    conversation = lock_conversation(conversation)
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
    conversation = lock_conversation(conversation)
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
        conversation = lock_conversation(conversation)
        conversation.unread = 0
        conversation.save(update_fields=["unread"])
        next_seq(conversation)
