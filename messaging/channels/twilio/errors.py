"""Twilio's error codes as data: the same table reads a refused request and a failed delivery.

https://www.twilio.com/docs/api/errors. Twilio warns that the causes behind a code may change,
so the raw code is always kept beside our reaction.
"""

from __future__ import annotations

from typing import Final

from messaging.transports import MAX_RETRIES, ErrorKind, Instead, Reaction

_MINUTE: Final = 60.0
_DAY: Final = 86_400.0


def _rejected(meaning: str, *, operator: bool = False) -> Reaction:
    return Reaction(ErrorKind.REJECTED, meaning, tell_operator=operator)


def _later(meaning: str, seconds: float, *, tries: int = 5) -> Reaction:
    return Reaction(ErrorKind.RATE_LIMITED, meaning, retry_after=seconds, max_retries=tries)


def _slower(meaning: str, seconds: float, *, operator: bool = False) -> Reaction:
    """Not about this message: whatever else the sender has waits as well."""
    return Reaction(
        ErrorKind.RATE_LIMITED, meaning, seconds, max_retries=MAX_RETRIES, tell_operator=operator, slows_sender=True
    )


def _no_such_recipient(meaning: str, *, instead: Instead | None = None) -> Reaction:
    return Reaction(ErrorKind.INVALID_RECIPIENT, meaning, instead=instead)


def _opted_out(meaning: str) -> Reaction:
    return Reaction(ErrorKind.OPTED_OUT, meaning)


def _sender(meaning: str, *, seconds: float | None = None) -> Reaction:
    return Reaction(ErrorKind.SENDER_BLOCKED, meaning, retry_after=seconds, tell_operator=True)


def _ours(meaning: str) -> Reaction:
    return Reaction(ErrorKind.MISCONFIGURED, meaning, tell_operator=True)


def _template(meaning: str) -> Reaction:
    return Reaction(ErrorKind.MISCONFIGURED, meaning, tell_operator=True, is_about_template=True)


REACTIONS: Final[dict[str, Reaction]] = {
    "20003": _sender("The account SID or auth token is not accepted"),
    "20404": _ours("Twilio does not know the address of this request"),
    "20429": _slower("Too many requests at once", 1.0),
    "20500": Reaction(ErrorKind.UNKNOWN, "Twilio failed inside: it may have the message"),
    "21211": _no_such_recipient("The recipient's number is not valid"),
    "21408": _ours("Sending to this country is switched off for the account"),
    "21606": _ours("The sender cannot send this kind of message"),
    "21608": _ours("A trial account may only write to verified numbers"),
    "21610": _opted_out("The recipient opted out with STOP"),
    "21611": _slower("The sender's queue is full", _MINUTE),
    "21612": _no_such_recipient("The recipient cannot be reached from this sender"),
    "21614": _no_such_recipient("The recipient's number is not a mobile"),
    "21617": _ours("The text is longer than 1600 characters"),
    "21620": _ours("The media address is not valid"),
    "21654": _ours("Template variables were given without a template"),
    "21655": _template("The template's ContentSid is not valid"),
    "21656": _ours("The template's variables are not valid"),
    "30001": _slower("The account's queue is full", _MINUTE),
    "30003": _later("The recipient's device cannot be reached now", 15 * _MINUTE, tries=2),
    "30004": _rejected("The message was blocked", operator=True),
    "30005": _no_such_recipient("The recipient is unknown"),
    "30006": _no_such_recipient("The recipient is a landline"),
    "30007": _rejected("The carrier filtered the message", operator=True),
    "30008": _later("The carrier failed without saying why", 5 * _MINUTE, tries=1),
    "30032": _sender("The toll-free number is not verified"),
    "30034": _sender("The number is not registered for 10DLC"),
    "30036": _rejected("The message waited past its validity"),
    "63001": _sender("WhatsApp did not accept the sender's credentials"),
    "63003": _no_such_recipient("WhatsApp does not know the recipient's address"),
    "63005": _rejected("WhatsApp did not accept the content"),
    "63007": _sender("WhatsApp does not know the sender"),
    "63012": _later("WhatsApp failed inside", _MINUTE, tries=3),
    "63013": _rejected("The message breaks WhatsApp's policy", operator=True),
    "63014": _opted_out("The recipient blocked the sender or opted out"),
    "63015": _ours("The recipient has not joined the Twilio sandbox"),
    "63016": Reaction(
        ErrorKind.WINDOW_CLOSED, "The 24-hour window is closed: only a template may be sent", instead=Instead.TEMPLATE
    ),
    "63017": _slower("The account's sending rate is exceeded", 5.0),
    "63018": _slower("The sender's messaging limit is exceeded", _MINUTE, operator=True),
    "63019": _later("WhatsApp could not fetch the media", _MINUTE, tries=1),
    "63021": _rejected("The content is not valid for WhatsApp"),
    "63024": _no_such_recipient("The recipient has no WhatsApp, or cannot receive this", instead=Instead.OTHER_CHANNEL),
    "63025": _rejected("The media exists already"),
    "63027": _template("The template does not exist in this language"),
    "63028": _template("The number of template variables is wrong"),
    "63029": _later("The recipient's client could not fetch the template", 30 * _MINUTE, tries=1),
    "63030": _rejected("WhatsApp does not support a parameter of this message"),
    "63032": Reaction(ErrorKind.REJECTED, "The recipient is in an experiment of Meta", instead=Instead.OTHER_CHANNEL),
    "63033": _opted_out("The recipient blocked the sender"),
    "63038": _sender("The account's daily limit is reached", seconds=_DAY),
    "63049": Reaction(ErrorKind.REJECTED, "Meta declined this marketing template", retry_after=_DAY, max_retries=1),
    "63051": _sender("The WhatsApp business account is locked"),
    "63062": _ours("The terms of the Marketing Messages API have not been accepted"),
    "63119": _slower("Meta's rate limit is exceeded", 5.0),
}

_MARKETING_DECLINED: Final = "63049"
_NEVER_AGAIN: Final = _rejected("Meta declined this marketing template, as it does for US numbers")


def reaction_for(code: str, *, to: str = "") -> Reaction:
    if code == _MARKETING_DECLINED and to.removeprefix("whatsapp:").startswith("+1"):
        return _NEVER_AGAIN
    return REACTIONS.get(code) or _rejected(f"Twilio refused it with code {code or 'none'}")
