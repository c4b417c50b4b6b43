"""What a visitor may see of the conversation, and the receipts that come back from the page.

One voice: only words that have been spoken appear here. What waits, what was withheld and who decided it stays inside.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from crm.models.people import IdentityKind
from messaging.models import Attachment, Channel, Floor, Message
from messaging.models.messages import Direction, MessageStatus, Voice
from messaging.services.media_links import public_path_of
from messaging.services.statuses import record_status
from project.kernel.scope import workspace_scope

from .identity import Visitor
from .payloads import Seen

PAGE: Final = 100
NEWS: Final = 500
"""What a page may have missed while it was away."""
SPOKEN: Final = (
    MessageStatus.RECEIVED,
    MessageStatus.ACCEPTED,
    MessageStatus.SENT,
    MessageStatus.DELIVERED,
    MessageStatus.READ,
)
UNREAD: Final = (MessageStatus.ACCEPTED, MessageStatus.SENT, MessageStatus.DELIVERED)


@dataclass(frozen=True, slots=True)
class Line:
    """One message as the visitor's page draws it. `client_id` tells the page which of its own messages this is."""

    id: str
    client_id: str
    seq: int
    position: int
    voice: str  # you | human | ai | team
    by: str
    text: str
    at: str
    files: tuple[dict[str, Any], ...]
    receipt: str  # "" | delivered | read: what we know of our own message


@dataclass(frozen=True, slots=True)
class Transcript:
    lines: tuple[Line, ...]
    has_earlier: bool
    is_replying: bool

    def as_json(self) -> dict[str, Any]:
        return {
            "messages": [asdict(line) for line in self.lines],
            "has_earlier": self.has_earlier,
            "replying": self.is_replying,
        }


def read_transcript(visitor: Visitor, *, after: int = 0, before: int | None = None) -> Transcript:
    """Messages changed after the seq `after`; or, with `before`, those that stand above that position."""
    with workspace_scope(visitor.channel.workspace):
        spoken = _spoken(visitor).select_related("author").prefetch_related("attachments").filter(seq__gt=after)
        if before is not None:
            spoken = spoken.filter(position__lt=before)
        most = NEWS if after else PAGE
        newest_first = list(spoken.order_by("-position")[: most + 1])
        shown = reversed(newest_first[:most])
        return Transcript(
            lines=tuple(_line(message, visitor) for message in shown),
            has_earlier=len(newest_first) > most,
            is_replying=_is_replying(visitor),
        )


def record_seen(visitor: Visitor, seen: Seen, *, now: datetime) -> None:
    """Record receipts for the visitor's own messages; ids that are not theirs are passed over."""
    with workspace_scope(visitor.channel.workspace):
        delivered = _spoken(visitor).filter(status__in=[MessageStatus.ACCEPTED, MessageStatus.SENT])
        _record(visitor, delivered, seen.delivered, MessageStatus.DELIVERED, now)
        _record(visitor, _spoken(visitor).filter(status__in=UNREAD), seen.read, MessageStatus.READ, now)


def _record(
    visitor: Visitor, messages: QuerySet[Message], ids: Iterable[str], status: MessageStatus, now: datetime
) -> None:
    for message in messages.filter(direction=Direction.OUT, pk__in=_uuids(ids)):
        record_status(
            channel=visitor.channel,
            provider_id=message.provider_id,
            message_id=str(message.pk),
            status=status,
            now=now,
        )


def _spoken(visitor: Visitor) -> QuerySet[Message]:
    # A lead may also write on WhatsApp: the web chat shows its own channel only.
    return Message.objects.filter(_is_of(visitor), channel=visitor.channel, status__in=SPOKEN)


def _is_of(visitor: Visitor) -> Q:
    return Q(lead__identities__kind=IdentityKind.VISITOR, lead__identities__value=visitor.id)


def _is_replying(visitor: Visitor) -> bool:
    """The agent holds the floor: it is writing. Leases live by the database's clock."""
    held = Floor.objects.filter(_is_of(visitor), holder="primary", expires_at__gt=Now())
    return bool(held.exists())


def _line(message: Message, visitor: Visitor) -> Line:
    voice, by = _voice(message, visitor)
    return Line(
        id=str(message.pk),
        client_id=message.provider_id.removeprefix(f"{visitor.id}:") if voice == "you" else "",
        seq=message.seq,
        position=message.position,
        voice=voice,
        by=by,
        text=message.body,
        at=message.at.isoformat(),
        files=tuple(_file(attachment) for attachment in message.attachments.all()),
        receipt=message.status if message.status in (MessageStatus.DELIVERED, MessageStatus.READ) else "",
    )


def _file(attachment: Attachment) -> dict[str, Any]:
    """What the team sent along, by an address that leads there for a few hours."""
    return {
        "name": attachment.file_name,
        "url": public_path_of(attachment),
        "is_image": bool(attachment.thumbnail),
        "width": attachment.width,
        "height": attachment.height,
    }


def _voice(message: Message, visitor: Visitor) -> tuple[str, str]:
    if message.voice == Voice.CUSTOMER:
        return "you", ""
    if message.voice == Voice.HUMAN:
        return "human", message.author.get_short_name() if message.author else title_of(visitor.channel)
    if message.voice == Voice.AI:
        return "ai", "AI assistant"
    return "team", title_of(visitor.channel)


def title_of(channel: Channel) -> str:
    return str(channel.settings.get("title") or channel.workspace.name)


def _uuids(ids: Iterable[str]) -> list[uuid.UUID]:
    return [uuid.UUID(value) for value in ids if _is_uuid(value)]


def _is_uuid(value: str) -> bool:
    try:
        return bool(uuid.UUID(value))
    except ValueError:
        return False
