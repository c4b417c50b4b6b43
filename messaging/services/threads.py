"""What an answer carries so that it stands below what it answers in the customer's own program."""

from typing import Any

from messaging.models import Message
from messaging.models.messages import Direction
from messaging.transports import Thread, capabilities_of


def thread_of(message: Message) -> Thread | None:
    """Of the newest message of theirs on the channel; None where a channel knows no threads, or they never wrote."""
    if not capabilities_of(message.channel.kind).has_threads:
        return None
    theirs = Message.objects.filter(
        conversation_id=message.conversation_id, channel_id=message.channel_id, direction=Direction.IN
    )
    newest = theirs.exclude(payload__thread=None).order_by("-at", "-position").first()
    return _read(newest.payload["thread"]) if newest else None


def _read(thread: dict[str, Any]) -> Thread:
    return Thread(
        subject=str(thread.get("subject") or ""),
        replied_to=str(thread.get("message_id") or ""),
        references=tuple(str(reference) for reference in thread.get("references") or ()),
    )
