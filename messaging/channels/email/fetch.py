"""Fetching mails that nobody brings: from a mailbox (IMAP), each minute.

The cursor is the mailbox's validity and the number of the last mail that was taken in. A mail is known by its
Message-ID, so that one that is read again, or that a service brought as well, adds nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from messaging.transports import Fetched, Found

from .imap import Mailbox, open_mailbox

AT_ONCE: Final = 20
LARGEST: Final = 36 * 1024 * 1024
OVERLAP: Final = timedelta(days=1)
ORDER: Final = "mails"

_MESSAGE_ID: Final = re.compile(rb"^message-id:\s*(<[!-;=?-~]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def is_wanted(config: Mapping[str, str]) -> bool:
    return bool(config.get("imap_host"))


def fetch_new(config: Mapping[str, str], secrets: Mapping[str, str], cursor: Mapping[str, Any]) -> Fetched:
    """Raises TransportError. The first look takes in nothing: what lies there already was answered by somebody."""
    with open_mailbox(config, secrets) as box:
        if not cursor:
            return Fetched(cursor=_cursor(box, box.next_number - 1))
        if cursor.get("validity") == box.validity:
            return _read(box, box.numbers_from(int(cursor["number"]) + 1), int(cursor["number"]))
        return _read(box, box.numbers_since(_day(cursor)), 0)


def _read(box: Mailbox, numbers: list[int], last: int) -> Fetched:
    """Each mail is asked for its size first: one that is too large must not stand before all later ones."""
    taken = numbers[:AT_ONCE]
    mails = [(number, box.read(number)) for number in taken if box.size_of(number) <= LARGEST]
    events = tuple(_event(box.validity, number, raw) for number, raw in mails if raw)
    has_more = len(numbers) > len(taken)
    return Fetched(events, _cursor(box, taken[-1] if taken else last), has_more)


def _event(validity: int, number: int, raw: bytes) -> Found:
    head = raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    named = _MESSAGE_ID.search(head)
    name = named[1].decode() if named else f"{validity}:{number}"
    key = name if len(name) <= 160 else f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"
    return Found(kind="mime", key=key, order_key=ORDER, body=raw)


def _cursor(box: Mailbox, number: int) -> dict[str, Any]:
    return {"validity": box.validity, "number": max(number, 0), "read_at": datetime.now(UTC).isoformat()}


def _day(cursor: Mapping[str, Any]) -> str:
    """As IMAP writes a day, in no language but its own."""
    day = datetime.fromisoformat(str(cursor["read_at"])) - OVERLAP
    return f"{day.day}-{_MONTHS[day.month - 1]}-{day.year}"
