"""Why a mail did not arrive, as data: our words for what services tell, and the codes of mail servers (RFC 3463)."""

from __future__ import annotations

import re
from typing import Final

from messaging.transports import MAX_RETRIES, ErrorKind, Instead, Reaction


def _no_such_recipient(meaning: str) -> Reaction:
    return Reaction(ErrorKind.INVALID_RECIPIENT, meaning, instead=Instead.OTHER_CHANNEL)


def _rejected(meaning: str, *, operator: bool = False) -> Reaction:
    return Reaction(ErrorKind.REJECTED, meaning, tell_operator=operator, instead=Instead.OTHER_CHANNEL)


REACTIONS: Final[dict[str, Reaction]] = {
    "bounced": _no_such_recipient("The address does not exist, or takes no mail"),
    "invalid": _no_such_recipient("The address is not valid"),
    "suppressed": _no_such_recipient("The service does not write to this address any more, as earlier mails bounced"),
    "blocked": _rejected("The recipient's mail server refused it"),
    "spam": _rejected("It was taken for spam"),
    "timed_out": _rejected("The recipient's mail server did not take it for days"),
    "failed": _rejected("The service could not deliver it"),
    "unsubscribed": Reaction(ErrorKind.OPTED_OUT, "The recipient unsubscribed at the service", is_only_marketing=True),
    "complained": Reaction(ErrorKind.OPTED_OUT, "The recipient called it spam", is_only_marketing=True),
    "401": Reaction(ErrorKind.SENDER_BLOCKED, "The service does not accept the API key", tell_operator=True),
    "403": Reaction(ErrorKind.SENDER_BLOCKED, "The service does not let this key send", tell_operator=True),
    "404": Reaction(ErrorKind.MISCONFIGURED, "The service does not know the domain", tell_operator=True),
    "429": Reaction(
        ErrorKind.RATE_LIMITED, "Faster than the service allows", max_retries=MAX_RETRIES, slows_sender=True
    ),
    "login": Reaction(ErrorKind.SENDER_BLOCKED, "The mail server does not accept the login", tell_operator=True),
    "sender": Reaction(
        ErrorKind.SENDER_BLOCKED, "The mail server does not let us send from this address", tell_operator=True
    ),
}

_BY_STATUS: Final = (
    (re.compile(r"5\.1\.[0-36]"), _no_such_recipient("The address does not exist")),
    (re.compile(r"5\.1\.10"), _no_such_recipient("The domain takes no mail")),
    (re.compile(r"5\.1\.[78]"), REACTIONS["sender"]),
    (re.compile(r"5\.2\.1"), _no_such_recipient("The mailbox is closed")),
    (re.compile(r"5\.2\.2"), _rejected("The mailbox is full")),
    (re.compile(r"5\.7\.\d+"), _rejected("The recipient's mail server refused it by its policy", operator=True)),
    (re.compile(r"5\.\d+\.\d+|55\d"), _rejected("The recipient's mail server refused it")),
    (
        re.compile(r"4\.\d+\.\d+|421|45\d"),
        Reaction(ErrorKind.RATE_LIMITED, "The mail server asks to try later", 60.0, max_retries=MAX_RETRIES),
    ),
)


def reaction_for(code: str, *, to: str = "") -> Reaction:
    if known := REACTIONS.get(code):
        return known
    by_status = next((reaction for pattern, reaction in _BY_STATUS if pattern.fullmatch(code)), None)
    return by_status or _rejected(f"It was refused with {code or 'no code'}")
