"""Meta's refusals for Instagram as data. A code is told apart by its subcode, `10:2534022`, where there is one.

https://developers.facebook.com/docs/messenger-platform/error-codes
"""

from __future__ import annotations

from typing import Final

from messaging.transports import MAX_RETRIES, ErrorKind, Instead, Reaction

_CLOSED: Final = Reaction(
    ErrorKind.WINDOW_CLOSED, "The customer wrote too long ago to be answered here", instead=Instead.OTHER_CHANNEL
)
_GONE: Final = Reaction(
    ErrorKind.INVALID_RECIPIENT, "Instagram does not know the recipient any more", instead=Instead.OTHER_CHANNEL
)


def _sender(meaning: str) -> Reaction:
    return Reaction(ErrorKind.SENDER_BLOCKED, meaning, tell_operator=True)


def _slower(meaning: str) -> Reaction:
    return Reaction(ErrorKind.RATE_LIMITED, meaning, 5.0, max_retries=MAX_RETRIES, slows_sender=True)


def _ours(meaning: str) -> Reaction:
    return Reaction(ErrorKind.MISCONFIGURED, meaning, tell_operator=True)


REACTIONS: Final[dict[str, Reaction]] = {
    "too_long": Reaction(ErrorKind.REJECTED, "The text has more than Instagram's 1,000 bytes"),
    "10:2534022": _CLOSED,
    "10:2018278": _CLOSED,
    "10": _sender("The app lacks the permission to send, or the account does not let it"),
    "100:2534014": _GONE,
    "100:2018001": _GONE,
    "100": _ours("A parameter of the request is not valid"),
    "551": Reaction(ErrorKind.OPTED_OUT, "The recipient does not want to be written to here"),
    "551:1545041": Reaction(ErrorKind.OPTED_OUT, "The recipient does not want to be written to here"),
    "190": _sender("The access token has expired"),
    "200": _sender("The access token lacks a permission"),
    "368": _sender("The account is blocked for a while for breaking a policy"),
    "4": _slower("The app's rate limit is exceeded"),
    "17": _slower("The account's rate limit is exceeded"),
    "32": _slower("The page's rate limit is exceeded"),
    "613": _slower("Faster than Instagram allows"),
}

MAYBE_CARRIED_OUT: Final = frozenset({"1", "2", "1200"})
"""Meta failed inside: whether it was taken nobody can tell."""


def reaction_for(code: str, *, to: str = "") -> Reaction:
    known = REACTIONS.get(code) or REACTIONS.get(code.partition(":")[0])
    return known or Reaction(ErrorKind.REJECTED, f"Instagram refused it with {code or 'no code'}")
