"""The content of a message, by its type: what the customer said, what they sent along, and what else there is to show.

A content that is not what Meta promises does not cost the message: it is kept as it came and shown as unreadable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import Field

from .payloads import Json, Message, Part, UnreadableUpdate, Word, read


@dataclass(frozen=True, slots=True)
class Said:
    body: str = ""
    media: tuple[Json, ...] = ()
    payload: Json = field(default_factory=dict)


def said_in(message: Message) -> Said:
    said = _content_of(message.type, message.content, message)
    return Said(said.body, said.media, {**said.payload, **_around(message)})


def _content_of(kind: str, content: Any, message: Message) -> Said:
    reader = READERS.get(kind)
    if reader is None:
        return _unknown(kind, content, message)
    try:
        return reader(kind, content)
    except UnreadableUpdate:
        return _unknown(kind, content, message)


def _unknown(kind: str, content: Any, message: Message) -> Said:
    """Meta's own word for what it cannot pass on is `unsupported`, with the reason."""
    why = message.errors[0].words if message.errors else ""
    payload: Json = {"message_type": kind, "unsupported": why or f"a message of the kind “{kind}”"}
    return Said(payload=payload | ({"content": content} if content is not None else {}))


def _around(message: Message) -> Json:
    """Where the message stands: in answer to another, forwarded, after an advertisement; and what is new to us."""
    context, referral = message.context, message.referral
    found: Json = {}
    if context:
        found |= {"replied_to": context.id, "context": context.model_extra}
        found |= {"forwarded": context.forwarded, "frequently_forwarded": context.frequently_forwarded}
    if referral:
        found["referral"] = referral.model_dump(exclude_defaults=True)
    found["extra"] = {name: value for name, value in (message.model_extra or {}).items() if name != message.type}
    return {name: value for name, value in found.items() if value}


# -- by type -----------------------------------------------------------------------------------------------


class _Text(Part):
    body: str


class _Media(Part):
    id: str
    mime_type: Word = ""
    caption: Word = ""
    filename: Word = ""
    voice: bool = False


class _Location(Part):
    latitude: float
    longitude: float
    name: Word = ""
    address: Word = ""


class _Button(Part):
    text: Word = ""
    payload: Word = ""


class _Reply(Part):
    id: Word = ""
    title: Word = ""
    description: Word = ""


class _Flow(Part):
    name: Word = ""
    body: Word = ""
    response_json: Word = ""


class _Interactive(Part):
    button_reply: _Reply | None = None
    list_reply: _Reply | None = None
    nfm_reply: _Flow | None = None


class _Item(Part):
    product_retailer_id: Word = ""
    quantity: Word = ""
    item_price: Word = ""
    currency: Word = ""


class _Order(Part):
    catalog_id: Word = ""
    text: Word = ""
    product_items: tuple[_Item, ...] = Field(min_length=1)


class _Phone(Part):
    phone: Word = ""


class _FullName(Part):
    formatted_name: Word = ""


class _Card(Part):
    name: _FullName = _FullName()
    phones: tuple[_Phone, ...] = ()


class _Cards(Part):
    cards: tuple[_Card, ...] = Field(min_length=1)


def _text(kind: str, content: Any) -> Said:
    text = read(_Text, content)
    return Said(text.body, payload={"text": text.model_extra} if text.model_extra else {})


def _media(kind: str, content: Any) -> Said:
    """The media themselves stay with Meta; the id is what they are fetched by."""
    media = read(_Media, content)
    item: Json = {
        "id": media.id,
        "kind": "voice" if media.voice else kind,
        "content_type": media.mime_type,
        "file_name": media.filename,
        **(media.model_extra or {}),
    }
    return Said(media.caption, ({name: value for name, value in item.items() if value},), {"message_type": kind})


def _location(kind: str, content: Any) -> Said:
    place = read(_Location, content)
    found = {
        "latitude": place.latitude,
        "longitude": place.longitude,
        "label": place.name,
        "address": place.address,
        **(place.model_extra or {}),
    }
    return Said(payload={"message_type": kind, "location": found})


def _contacts(kind: str, content: Any) -> Said:
    cards = read(_Cards, {"cards": content}).cards
    return Said(payload={"message_type": kind, "contacts": [card.model_dump(mode="json") for card in cards]})


def _button(kind: str, content: Any) -> Said:
    button = read(_Button, content)
    return Said(
        button.text, payload={"message_type": kind, "button": {"payload": button.payload, "title": button.text}}
    )


def _interactive(kind: str, content: Any) -> Said:
    answer = read(_Interactive, content)
    reply = answer.button_reply or answer.list_reply
    if reply:
        button = {"payload": reply.id, "title": reply.title, "description": reply.description}
        return Said(reply.title, payload={"message_type": kind, "button": button})
    if answer.nfm_reply:
        return Said(answer.nfm_reply.body, payload={"message_type": kind, "flow": answer.nfm_reply.model_dump()})
    raise UnreadableUpdate("interactive: no reply that is known")


def _order(kind: str, content: Any) -> Said:
    order = read(_Order, content)
    return Said(order.text, payload={"message_type": kind, "order": order.model_dump(mode="json")})


READERS: Final[Mapping[str, Callable[[str, Any], Said]]] = {
    "text": _text,
    **dict.fromkeys(("image", "video", "audio", "voice", "document", "sticker"), _media),
    "location": _location,
    "contacts": _contacts,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
}
