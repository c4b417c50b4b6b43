"""Whether a machine wrote a mail. Machines are not answered: two of them would write to each other for ever.

https://www.rfc-editor.org/rfc/rfc3834 (what automatic answers say of themselves).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import timedelta
from typing import Final

from .letters import Letter

MOST_MAILS: Final = 8
WITHIN: Final = timedelta(minutes=10)
"""Whoever writes more often than this is taken for a machine until they pause."""

_MAILERS: Final = re.compile(r"(mailer-daemon|postmaster|mail-daemon)@")
_BULK: Final = {"bulk": "a mass mailing", "list": "a mailing list", "junk": "a mass mailing", "auto_reply": "an answer"}
_MARKS: Final[Mapping[str, str]] = {
    "x-autoreply": "an automatic answer",
    "x-autorespond": "an automatic answer",
    "x-autoresponder": "an automatic answer",
    "list-id": "a mailing list",
    "feedback-id": "a mass mailing",
}


def why_automatic(letter: Letter, sender: str, own: Collection[str]) -> str:
    """What shows that no person wrote it; "" for a person's mail."""
    if sender in own or _without_plus(sender) in own:
        return "it came from this channel's own address"
    if _MAILERS.match(sender) or letter.report:
        return "a mail server's report"
    submitted = letter.header("auto-submitted").partition(";")[0].strip().lower()
    if submitted not in ("", "no"):
        return "an automatic answer"
    precedence = letter.header("precedence").strip().lower()
    if precedence in _BULK:
        return _BULK[precedence]
    if letter.header("return-path").strip() == "<>":
        return "a mail server's report"
    return next((meaning for name, meaning in _MARKS.items() if letter.header(name)), "")


def _without_plus(address: str) -> str:
    local, _, domain = address.partition("@")
    return f"{local.partition('+')[0]}@{domain}"


def is_loop(count: int) -> bool:
    return count >= MOST_MAILS
