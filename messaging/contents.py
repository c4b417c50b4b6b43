"""What a message holds beside its text, in words: for the thread, the list and the agents alike. Pure.

Every channel writes the same names into a message's `payload`; a name that is not known here is shown nowhere and
stays in the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

MEDIA_WORDS: Final = {"image": "Picture", "audio": "Voice message", "video": "Video"}
KIND_WORDS: Final = {"voice": "Voice message", "audio": "Audio", "sticker": "Sticker"}

Json = Mapping[str, Any]


def contents_of(payload: Json) -> list[str]:
    """One line for each thing there is to show."""
    lines = [line for name, words in WORDS.items() if payload.get(name) for line in _safely(words, payload[name])]
    return [" ".join(line.split())[:500] for line in lines]


def media_label(item: Json) -> str:
    content_type = str(item.get("content_type") or item.get("type") or "file")
    word = KIND_WORDS.get(str(item.get("kind"))) or MEDIA_WORDS.get(content_type.partition("/")[0], "File")
    name = str(item.get("file_name") or "")[:80]
    return f"{name or word} ({content_type})"


def _safely(words: Callable[[Any], list[str]], value: Any) -> list[str]:
    """Whatever a provider put there, a screen is not to fail for it."""
    try:
        return words(value)
    except (AttributeError, KeyError, TypeError, ValueError):
        return [f"Unreadable: {value}"]


def _quoted(words: str) -> list[str]:
    return [f"In answer to “{words}”"]


def _referral(referral: Json) -> list[str]:
    headline = referral.get("headline") or referral.get("body") or referral.get("source_id") or "without a headline"
    return [f"Came from the advertisement “{headline}” {referral.get('source_url') or ''}"]


def _template(template: Json) -> list[str]:
    lines = [f"Template “{template['name']}” ({template['language']})"]
    if template.get("buttons"):
        lines.append(f"Buttons: {', '.join(map(str, template['buttons']))}")
    if template.get("instead_of"):
        lines.append(f"Instead of “{template['instead_of']}”")
    return lines


def _location(place: Json) -> list[str]:
    named = ", ".join(str(place[name]) for name in ("label", "address") if place.get(name))
    where = f"{place['latitude']}, {place['longitude']}"
    return [f"Location: {named} ({where})" if named else f"Location: {where}"]


def _contacts(cards: list[Json]) -> list[str]:
    return [f"Contact: {_names(card)}" for card in cards]


def _names(card: Json) -> str:
    phones = [str(phone.get("phone")) for phone in card.get("phones", ()) if phone.get("phone")]
    return ", ".join([str(card.get("name", {}).get("formatted_name") or "no name"), *phones])


def _contact(card: Json) -> list[str]:
    return [f"Contact: {card['name']}, {card['phone']}"]


def _order(order: Json) -> list[str]:
    items = order.get("product_items", ())
    return [
        "Order: " + "; ".join(f"{item['quantity']} × {item['product_retailer_id']}{_price(item)}" for item in items)
    ]


def _price(item: Json) -> str:
    return f" at {item['item_price']} {item.get('currency') or ''}".rstrip() if item.get("item_price") else ""


def _flow(flow: Json) -> list[str]:
    return [f"Answers to the form {flow.get('name') or ''}: {flow.get('response_json') or ''}"]


def _call(call: Json) -> list[str]:
    """A telephone call: when, what was said by whom, and why nothing is known where that is so."""
    lines = [f"Call from {call['started_at']} to {call['ended_at']} UTC"]
    if call.get("withheld"):
        lines.append(f"What was said is not kept: {call['withheld']}")
    return lines + [f"{turn['speaker']}: {turn['text']}" for turn in call.get("turns", ())]


def _shared(items: list[Json]) -> list[str]:
    return [f"Shared: {item['title'] or item['type'].replace('_', ' ')} {item['url']}" for item in items]


WORDS: Final[Mapping[str, Callable[[Any], list[str]]]] = {
    "subject": lambda subject: [f"Subject: {subject}"],
    "written_from": lambda address: [f"Written from another address: {address}"],
    "automatic": lambda why: [f"Not answered, as it was sent by a machine: {why}"],
    "call": _call,
    "quoted": _quoted,
    "story": lambda story: [f"In answer to your story {story['url']}"],
    "shared": _shared,
    "referral": _referral,
    "template": _template,
    "forwarded": lambda _: ["Forwarded"],
    "location": _location,
    "contacts": _contacts,
    "contact": _contact,
    "order": _order,
    "flow": _flow,
    "unsupported": lambda why: [f"Cannot be shown here: {why}"],
    "reaction": lambda emoji: [f"The customer reacted with {emoji}"],
    "edits": lambda _: ["Says anew what was written before"],
    "edited": lambda _: ["Edited by the customer"],
    "deleted": lambda _: ["Deleted by the customer"],
}
"""In the order in which they are read."""
