"""Taking a batch apart: one event for each message, status and piece of news in it, each with keys of its own.

All of them are stored in the transaction that marks the batch. When it dies half-way nothing was done; when Meta
delivers an update again in another batch, its key is known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from messaging.channels.meta.webhook import digest_of
from messaging.incoming import UnreadablePayload

OBJECT: Final = "whatsapp_business_account"
_PLAIN_ID: Final = re.compile(r"[!-~]{1,160}")

Json = dict[str, Any]

AMENDMENTS: Final = {"reaction": "reaction", "edit": "edit", "revoke": "deletion", "system": "system"}
"""Kinds of `messages` that are none: they change or tell something about a message or a person."""


@dataclass(frozen=True, slots=True)
class Update:
    """One update, with all that is needed to understand it alone. `number_id` is the number that it is for."""

    kind: str
    key: str
    order_key: str
    number_id: str
    body: bytes


def updates_in(batch: Json) -> Iterator[Update]:
    """The updates in the order in which they stand there; raises UnreadablePayload."""
    if batch.get("object") != OBJECT:
        raise UnreadablePayload(f"object: is not {OBJECT}")
    for entry in _objects(batch.get("entry"), "entry"):
        for change in _objects(entry.get("changes"), "changes"):
            yield from _updates_of(change, entry)


def _objects(value: Any, name: str) -> list[Json]:
    """What is no object in a list is wrapped, so that it becomes an event of its own and takes no neighbour along."""
    if not isinstance(value, list):
        raise UnreadablePayload(f"{name}: is not a list")
    return [item if isinstance(item, dict) else {"unreadable": item} for item in value]


def _updates_of(change: Json, entry: Json) -> Iterator[Update]:
    field, value = change.get("field"), change.get("value")
    if not isinstance(field, str) or not isinstance(value, dict):
        yield _news("unreadable", change, entry)
    elif field == "messages":
        yield from _conversation(value, entry)
    elif field == "user_preferences" and isinstance(value.get("user_preferences"), list):
        yield from _preferences(value, entry)
    else:
        yield _news("account" if field in ACCOUNT_FIELDS else "other", change, entry)


ACCOUNT_FIELDS: Final = frozenset(
    {
        "account_alerts",
        "account_review_update",
        "account_update",
        "business_capability_update",
        "message_template_components_update",
        "message_template_quality_update",
        "message_template_status_update",
        "phone_number_name_update",
        "phone_number_quality_update",
        "security",
        "template_category_update",
    }
)


# -- one update --------------------------------------------------------------------------------------------


def _conversation(value: Json, entry: Json) -> Iterator[Update]:
    known = False
    for name, make in _MAKERS.items():
        if name in value:
            known = True
            yield from (make(item, value) for item in _tolerant(value[name]))
    if not known:
        yield _news("other", {"field": "messages", "value": value}, entry)


def _tolerant(value: Any) -> list[Json]:
    items = value if isinstance(value, list) else [value]
    return [item if isinstance(item, dict) else {"unreadable": item} for item in items]


def _message(message: Json, value: Json) -> Update:
    kind = _kind_of(message)
    contact = _contact_of(message, value)
    sender = _text(message.get("from_user_id")) or _text(message.get("from"))
    return _update(kind, _id_of(message), sender, value, {"contact": contact, "message": message})


def _kind_of(message: Json) -> str:
    """Edits and deletions are told as a type of their own, or as a mark on an ordinary type."""
    for name, kind in AMENDMENTS.items():
        if message.get("type") == name or (name in ("edit", "revoke") and isinstance(message.get(name), dict)):
            return kind
    return "inbound"


def _status(status: Json, value: Json) -> Update:
    """Statuses of one message wait for each other, never for what customers write."""
    message_id, word = _id_of(status), _text(status.get("status"))
    key = f"{message_id}:{word[:32]}" if message_id and word else ""
    return _update("status", key, message_id, value, {"status": status})


def _error(error: Json, value: Json) -> Update:
    return _update("error", "", "", value, {"error": error})


def _preferences(value: Json, entry: Json) -> Iterator[Update]:
    for preference in _tolerant(value["user_preferences"]):
        person = _text(preference.get("user_id")) or _text(preference.get("wa_id"))
        contact = _contact_of({"from": preference.get("wa_id"), "from_user_id": preference.get("user_id")}, value)
        yield _update("preference", "", person, value, {"contact": contact, "preference": preference})


_MAKERS: Final[Mapping[str, Callable[[Json, Json], Update]]] = {
    "messages": _message,
    "statuses": _status,
    "errors": _error,
}


def _update(kind: str, key: str, order_key: str, value: Json, content: Json) -> Update:
    metadata = value.get("metadata")
    number = metadata if isinstance(metadata, dict) else {}
    body = {"number": number, **content}
    key = key or f"{kind}:{digest_of(body)}"
    return Update(kind, key, order_key or key, _text(number.get("phone_number_id")), _dump(body))


def _news(kind: str, change: Json, entry: Json) -> Update:
    """Its time tells a repeated piece of news from the same news later."""
    body = {"account": _text(entry.get("id")), "time": entry.get("time"), **change}
    key = f"{kind}:{digest_of(body)}"
    return Update(kind, key, "account", "", _dump(body))


def _dump(body: Json) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()


def _contact_of(message: Json, value: Json) -> Json | None:
    """Who of the batch's contacts wrote it: the one with its ids, or the only one."""
    contacts = [contact for contact in _tolerant(value.get("contacts", [])) if "unreadable" not in contact]
    for theirs, ours in (("user_id", "from_user_id"), ("wa_id", "from")):
        for contact in contacts:
            if message.get(ours) and contact.get(theirs) == message.get(ours):
                return contact
    return contacts[0] if len(contacts) == 1 else None


def _id_of(update: Json) -> str:
    """Without a usable id an update is known by the hash of all that it says."""
    found = _text(update.get("id"))
    return found if _PLAIN_ID.fullmatch(found) else ""


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return str(value)[:200]
