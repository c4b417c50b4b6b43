"""Two threads become one in the order of time, and two again. Both conversations are locked by the caller."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils.dateparse import parse_datetime

from messaging.models import Conversation, Message, ServiceWindow
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import Direction, MessageStatus

JOINED = (
    "seq", "channel", "last_inbound_at", "last_message_at", "last_preview", "last_voice", "status", "resolved_at",
    "unread", "assignee", "preferred_channel", "unanswered_since", "turn_due_at",
)  # fmt: skip
WINDOW = ("address", "opened_at", "closes_at", "free_until")

# Within each thread the order stays as it was: an inbound message may bear an older time than the words before it.
# Places are unique in a conversation, so the new ones are negative until all of them are given.
_INTERLEAVE = """
    WITH reached AS (
        SELECT id, conversation_id, position, max(at) OVER (PARTITION BY conversation_id ORDER BY position) AS at
          FROM messaging_message WHERE conversation_id IN (%(kept)s, %(gone)s)
    ), ordered AS (
        SELECT id, row_number() OVER (ORDER BY at, conversation_id = %(gone)s, position) AS place FROM reached
    )
    UPDATE messaging_message AS message SET conversation_id = %(kept)s, position = -ordered.place
      FROM ordered WHERE ordered.id = message.id
"""
_SETTLE = "UPDATE messaging_message SET position = -position, seq = %(seq)s WHERE conversation_id = %(kept)s"


def join_conversations(kept: Conversation, gone: Conversation) -> dict[str, Any]:
    """What was where before, for the undoing."""
    places = Message.objects.filter(conversation=gone).order_by("position").values_list("pk", "position")
    before = {
        "positions": [[str(pk), position] for pk, position in places],
        "windows": _join_windows(kept, gone),
        "conversation": {"status": kept.status, "assignee": kept.assignee_id, "preferred": kept.preferred_channel_id},
    }
    _interleave(kept, gone)
    _join_rows(kept, gone)
    return before


def part_conversations(kept: Conversation, gone: Conversation, before: dict[str, Any], now: datetime) -> None:
    """What came since the merge stays with `kept`."""
    places = dict(before["positions"])
    back = list(Message.objects.filter(pk__in=places, conversation=kept))
    for message in back:
        message.conversation, message.position = gone, places[str(message.pk)]
    Message.objects.bulk_update(back, ["conversation", "position"], batch_size=500)
    gone.seq = max(gone.seq, kept.seq)  # beyond what its messages were told as
    gone.save(update_fields=["seq"])
    _part_windows(kept, gone, before["windows"])
    _restore(kept, before["conversation"])
    for conversation in (kept, gone):
        _read_again(conversation)


def _interleave(kept: Conversation, gone: Conversation) -> None:
    count = Message.objects.filter(conversation__in=[kept, gone]).count()
    kept.seq = max(kept.seq, gone.seq, count) + 1  # the next message's place, and news to every screen
    values = {"kept": kept.pk, "gone": gone.pk, "seq": kept.seq}
    with connection.cursor() as cursor:
        cursor.execute(_INTERLEAVE, values)
        cursor.execute(_SETTLE, values)


def _join_rows(kept: Conversation, gone: Conversation) -> None:
    """The survivor stands where the newest word stood; what waits for an answer goes on waiting."""
    if _moment(gone.last_inbound_at) > _moment(kept.last_inbound_at):
        kept.channel_id, kept.last_inbound_at = gone.channel_id, gone.last_inbound_at
    if gone.last_voice and gone.last_message_at > kept.last_message_at:
        kept.last_message_at = gone.last_message_at
        kept.last_preview, kept.last_voice = gone.last_preview, gone.last_voice
    if gone.status == ConversationStatus.OPEN:
        kept.status, kept.resolved_at = ConversationStatus.OPEN, None
    kept.unread += gone.unread
    kept.assignee_id = kept.assignee_id or gone.assignee_id
    kept.preferred_channel_id = kept.preferred_channel_id or gone.preferred_channel_id
    kept.unanswered_since = _earlier(kept.unanswered_since, gone.unanswered_since)
    kept.turn_due_at = _earlier(kept.turn_due_at, gone.turn_due_at)
    gone.turn_due_at = gone.unanswered_since = None
    gone.save(update_fields=["turn_due_at", "unanswered_since"])
    kept.save(update_fields=JOINED)


def _moment(at: datetime | None) -> float:
    return at.timestamp() if at else 0.0


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    return min(filter(None, (one, other)), default=None)


def _join_windows(kept: Conversation, gone: Conversation) -> dict[str, Any]:
    """Of two windows on one channel the later one counts, with its address: there the customer wrote last."""
    ours = {window.channel_id: window for window in ServiceWindow.objects.filter(conversation=kept)}
    moved, changed = [], []
    for window in ServiceWindow.objects.filter(conversation=gone).order_by("pk"):
        mine = ours.get(window.channel_id)
        if mine is None:
            ServiceWindow.objects.filter(pk=window.pk).update(conversation=kept)
            moved.append(window.pk)
        elif window.opened_at > mine.opened_at:
            changed.append({"id": mine.pk, "was": _told(mine), "put": _told(window)})
            ServiceWindow.objects.filter(pk=mine.pk).update(**{name: getattr(window, name) for name in WINDOW})
    return {"moved": moved, "changed": changed}


def _told(window: ServiceWindow) -> dict[str, str | None]:
    values = {name: getattr(window, name) for name in WINDOW}
    return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in values.items()}


def _part_windows(kept: Conversation, gone: Conversation, windows: dict[str, Any]) -> None:
    """A window that the customer opened anew since the merge stays as it is."""
    ServiceWindow.objects.filter(pk__in=windows["moved"], conversation=kept).update(conversation=gone)
    for change in windows["changed"]:
        put = {**change["put"], "opened_at": parse_datetime(change["put"]["opened_at"])}
        same = ServiceWindow.objects.filter(pk=change["id"], address=put["address"], opened_at=put["opened_at"])
        was = {
            name: parse_datetime(each) if name != "address" and each else each for name, each in change["was"].items()
        }
        same.update(**was)


def _restore(kept: Conversation, was: dict[str, Any]) -> None:
    """What the merge had taken from the other, and nobody has changed since."""
    kept.assignee_id = was["assignee"] or kept.assignee_id
    kept.preferred_channel_id = was["preferred"]
    kept.save(update_fields=["assignee", "preferred_channel"])


@dataclass(frozen=True, slots=True)
class _Newest:
    any: Message | None
    inbound: Message | None


def _newest(conversation: Conversation) -> _Newest:
    said = Message.objects.filter(conversation=conversation)
    heard = said.exclude(status=MessageStatus.SUPPRESSED).order_by("-position").first()
    return _Newest(heard, said.filter(direction=Direction.IN).order_by("-at", "-position").first())


def _read_again(conversation: Conversation) -> None:
    """Where the conversation stands by its own messages."""
    newest = _newest(conversation)
    if newest.any is not None:
        conversation.last_message_at, conversation.last_voice = newest.any.at, newest.any.voice
        conversation.last_preview = newest.any.body[:200]
    if newest.inbound is not None:
        conversation.channel_id, conversation.last_inbound_at = newest.inbound.channel_id, newest.inbound.at
    unread = Message.objects.filter(conversation=conversation, direction=Direction.IN).count()
    conversation.unread = min(conversation.unread, unread)
    conversation.save(
        update_fields=["last_message_at", "last_voice", "last_preview", "channel", "last_inbound_at", "unread"]
    )
