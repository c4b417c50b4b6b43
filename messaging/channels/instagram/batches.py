"""Taking a batch apart: one event for each thing that happened, with keys of its own. Pure.

An echo of what we, or a person in Instagram's own app, sent is no news from a customer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from messaging.channels.meta.payloads import Json
from messaging.channels.meta.webhook import digest_of
from messaging.incoming import UnreadablePayload

OBJECT: Final = "instagram"
_PLAIN_ID: Final = re.compile(r"[!-~]{1,160}")


@dataclass(frozen=True, slots=True)
class Update:
    """`account` is the Instagram account that it is for."""

    kind: str
    key: str
    order_key: str
    account: str
    body: bytes


def updates_in(batch: Json) -> Iterator[Update]:
    """In the order in which they stand there; raises UnreadablePayload."""
    if batch.get("object") != OBJECT:
        raise UnreadablePayload(f"object: is not {OBJECT}")
    for entry in _objects(batch.get("entry"), "entry"):
        account = text_of(entry.get("id"))
        known = [name for name in ("messaging", "standby", "changes") if name in entry]
        for item in _objects(entry.get("messaging", []), "messaging"):
            yield update_of(item, account)
        if known != ["messaging"]:  # comments, mentions, another app's conversations: nobody reads them here
            yield _update("other", "", account, {"entry": entry})


def _objects(value: Any, name: str) -> list[Json]:
    """What is no object in a list is wrapped, so that it takes no neighbour along."""
    if not isinstance(value, list):
        raise UnreadablePayload(f"{name}: is not a list")
    return [item if isinstance(item, dict) else {"unreadable": item} for item in value]


def update_of(item: Json, account: str) -> Update:
    kind, content = _kind_of(item)
    found = text_of(content.get("mid"))
    # A reaction, a reading and a deletion bear the id of the message that they concern, not one of their own.
    mid = found if kind == "inbound" and _PLAIN_ID.fullmatch(found) else ""
    return _update(kind, mid, account, {"item": item}, text_of(_object(item, "sender").get("id")))


def _kind_of(item: Json) -> tuple[str, Json]:
    message = item.get("message")
    if isinstance(message, dict):
        marks = (("is_echo", "echo"), ("is_deleted", "deletion"))
        return next((kind for mark, kind in marks if message.get(mark)), "inbound"), message
    kinds = (
        ("postback", "inbound"),
        ("message_edit", "edit"),
        ("reaction", "reaction"),
        ("read", "read"),
        ("referral", "referral"),
    )
    for name, kind in kinds:
        if isinstance(item.get(name), dict):
            return kind, item[name]
    return ("unreadable" if "unreadable" in item else "other"), {}


def _update(kind: str, key: str, account: str, content: Json, person: str = "") -> Update:
    """The person's updates are applied one after another."""
    body = {"account": account, **content}
    key = key or f"{kind}:{digest_of(body)}"
    return Update(kind, key, person or key, account, json.dumps(body, separators=(",", ":")).encode())


def _object(item: Json, name: str) -> Json:
    found = item.get(name)
    return found if isinstance(found, dict) else {}


def text_of(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return ""
    return str(value)[:200]
