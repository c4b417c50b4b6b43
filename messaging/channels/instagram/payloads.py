"""What an update says, in our words. Strict about who and which, open about everything else. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, StringConstraints

from messaging.channels.meta.payloads import Json, Part, Word

Id = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,160}$")]


def _instant(value: object) -> object:
    """Instagram counts milliseconds."""
    try:
        return datetime.fromtimestamp(int(str(value)) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("is no time in milliseconds") from None


Instant = Annotated[datetime, BeforeValidator(_instant)]


class Person(Part):
    id: Id


class Content(Part):
    url: Word = ""
    title: Word = ""


class Attachment(Part):
    type: Word = ""
    payload: Content | None = None


class QuickReply(Part):
    payload: Word = ""


class Story(Part):
    url: Word = ""
    id: Word = ""


class ReplyTo(Part):
    mid: Word = ""
    story: Story | None = None


class Advertisement(Part):
    ad_title: Word = ""
    photo_url: Word = ""


class Referral(Part):
    """Where the customer came from: an advertisement, a link (ig.me), a product in the shop."""

    ref: Word = ""
    ad_id: Word = ""
    source: Word = ""
    type: Word = ""
    ads_context_data: Advertisement | None = None

    def as_json(self) -> Json:
        told = self.ads_context_data or Advertisement()
        found = {
            "source_id": self.ad_id,
            "source_type": self.source,
            "headline": told.ad_title,
            "source_url": told.photo_url,
            "ref": self.ref,
        }
        return {name: value for name, value in found.items() if value}


class Message(Part):
    mid: Id
    text: Word = ""
    attachments: tuple[Attachment, ...] = ()
    quick_reply: QuickReply | None = None
    reply_to: ReplyTo | None = None
    referral: Referral | None = None
    is_unsupported: bool = False


class Postback(Part):
    mid: Id
    title: Word = ""
    payload: Word = ""
    referral: Referral | None = None


class Item(Part):
    sender: Person
    timestamp: Instant
    message: Message | None = None
    postback: Postback | None = None


class Reaction(Part):
    mid: Id
    action: Word = ""
    emoji: Word = ""
    reaction: Word = ""

    @property
    def shown(self) -> str:
        """Nothing when it was taken back. Old reactions have a word and no sign."""
        return "" if self.action == "unreact" else self.emoji or self.reaction or "?"


class Marked(Part):
    """Something about a message that is known: it was read, deleted, edited."""

    mid: Id
    text: Word = ""


class ReactionItem(Part):
    reaction: Reaction


class ReadItem(Part):
    read_: Marked = Field(alias="read")


class EditItem(Part):
    sender: Person
    message_edit: Marked


class DeletionItem(Part):
    message: Marked


class ReferralItem(Part):
    sender: Person
    referral: Referral


_TYPES: Final = {
    "image": "image/jpeg",
    "video": "video/mp4",
    "audio": "audio/mp4",
    "file": "application/octet-stream",
    "ig_reel": "video/mp4",
    "reel": "video/mp4",
}
"""What Instagram calls each; what it really is shows when it is fetched."""


def media_of(message: Message) -> list[Json]:
    return [
        {"url": one.payload.url, "file_id": "", "kind": one.type, "content_type": _TYPES[one.type], "file_name": ""}
        for one in message.attachments
        if one.type in _TYPES and one.payload and one.payload.url
    ]


def contents_of(message: Message) -> Json:
    """What there is beside text and files."""
    others = [one for one in message.attachments if one.type not in _TYPES or not one.payload or not one.payload.url]
    reply, story = message.reply_to, message.reply_to.story if message.reply_to else None
    found: dict[str, Any] = {
        "message_type": _kind_of(message),
        "button": {"payload": message.quick_reply.payload, "title": message.text} if message.quick_reply else None,
        "replied_to": reply.mid if reply else "",
        "story": {"url": story.url, "id": story.id} if story else None,
        "shared": [_shared(one) for one in others],
        "referral": message.referral.as_json() if message.referral else None,
        "unsupported": "a message of a kind that Instagram does not pass on" if message.is_unsupported else "",
    }
    return {name: value for name, value in found.items() if value}


def _shared(one: Attachment) -> Json:
    content = one.payload or Content()
    return {"type": one.type or "something", "url": content.url, "title": content.title}


def _kind_of(message: Message) -> str:
    if message.attachments:
        return message.attachments[0].type or "unknown"
    return "button" if message.quick_reply else "text"
