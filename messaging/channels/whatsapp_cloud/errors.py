"""Meta's error codes as data: the same table reads a refused request and a failed delivery.

https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes. Meta asks to build on
codes and details, never on titles.
"""

from __future__ import annotations

from typing import Final

from messaging.transports import MAX_RETRIES, ErrorKind, Instead, Reaction

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 86_400.0


def _rejected(meaning: str, *, operator: bool = False, instead: Instead | None = None) -> Reaction:
    return Reaction(ErrorKind.REJECTED, meaning, tell_operator=operator, instead=instead)


def _later(meaning: str, seconds: float, *, tries: int = MAX_RETRIES) -> Reaction:
    return Reaction(ErrorKind.RATE_LIMITED, meaning, retry_after=seconds, max_retries=tries)


def _slower(meaning: str, seconds: float) -> Reaction:
    """Not about this message: whatever else the sender has waits as well."""
    return Reaction(ErrorKind.RATE_LIMITED, meaning, seconds, max_retries=MAX_RETRIES, slows_sender=True)


def _no_such_recipient(meaning: str, *, instead: Instead | None = None) -> Reaction:
    return Reaction(ErrorKind.INVALID_RECIPIENT, meaning, instead=instead)


def _sender(meaning: str) -> Reaction:
    return Reaction(ErrorKind.SENDER_BLOCKED, meaning, tell_operator=True)


def _ours(meaning: str) -> Reaction:
    return Reaction(ErrorKind.MISCONFIGURED, meaning, tell_operator=True)


def _template(meaning: str) -> Reaction:
    return Reaction(ErrorKind.MISCONFIGURED, meaning, tell_operator=True, is_about_template=True)


_PERMISSIONS: Final = {str(code): _sender("The access token lacks a permission") for code in range(200, 300)}

REACTIONS: Final[dict[str, Reaction]] = {
    **_PERMISSIONS,
    "0": _sender("The access token is not accepted"),
    "1": _later("Meta failed inside", _MINUTE, tries=3),
    "2": _later("Meta is not available", _MINUTE, tries=3),
    "3": _sender("The app lacks a permission"),
    "4": _slower("The app's rate limit is exceeded", 5.0),
    "10": _sender("The access token lacks a permission"),
    "100": _ours("A parameter of the request is not valid"),
    "190": _sender("The access token has expired"),
    "368": _sender("The account is blocked for a while for breaking a policy"),
    "80007": _slower("The WhatsApp business account's rate limit is exceeded", 5.0),
    "130429": _slower("The number's throughput is exceeded", 5.0),
    "130472": _rejected("The recipient is in an experiment of Meta", instead=Instead.OTHER_CHANNEL),
    "130497": _rejected("The business may not write to this country", operator=True),
    "131000": _later("Meta failed without saying why", _MINUTE, tries=3),
    "131005": _sender("The access token lacks a permission"),
    "131008": _ours("A parameter is missing"),
    "131009": _ours("A parameter's value is not valid"),
    "131016": _later("Meta's service is not available", _MINUTE, tries=3),
    "131021": _ours("Sender and recipient are the same number"),
    "131026": _no_such_recipient(
        "The recipient has no WhatsApp, or cannot receive this", instead=Instead.OTHER_CHANNEL
    ),
    "131031": _sender("The WhatsApp business account is locked"),
    "131037": _sender("The number's display name is not approved"),
    "131042": _sender("The WhatsApp business account has a payment problem"),
    "131044": _sender("The WhatsApp business account has a payment problem"),
    "131045": _sender("The number is not registered correctly"),
    "131047": Reaction(
        ErrorKind.WINDOW_CLOSED, "The 24-hour window is closed: only a template may be sent", instead=Instead.TEMPLATE
    ),
    "131048": _sender("Too many recipients blocked or reported this number: Meta limits it, look at its quality"),
    "131049": Reaction(ErrorKind.REJECTED, "Meta declined this marketing template", retry_after=_DAY, max_retries=1),
    "131050": Reaction(
        ErrorKind.OPTED_OUT, "The recipient stopped marketing messages from this business", is_only_marketing=True
    ),
    "131051": _ours("This type of message is not supported"),
    "131052": _later("Meta could not fetch the customer's media", _MINUTE, tries=1),
    "131053": _later("Meta could not take the media", _MINUTE, tries=1),
    "131056": _later("Too many messages to this recipient in a short time", 4.0),
    "131057": _slower("The number is being upgraded", 90.0),
    "131061": _ours("This template has to go through the Marketing Messages API"),
    "131062": _rejected("This template needs the recipient's phone number", instead=Instead.OTHER_CHANNEL),
    "131063": _ours("Marketing templates have to go through the Marketing Messages API"),
    "131064": _sender("The messaging limit is restricted, because templates were in the wrong category"),
    "132000": _template("The number of template variables is wrong"),
    "132001": _template("The template does not exist in this language, or is not approved"),
    "132005": _ours("The template's text is too long with these variables"),
    "132007": _ours("The template breaks a policy"),
    "132008": _ours("A template variable's value is not valid"),
    "132012": _ours("A template variable has the wrong format"),
    "132015": _template("The template is paused for its quality"),
    "132016": _template("The template is disabled for its quality"),
    "132068": _rejected("The flow is blocked", operator=True),
    "132069": _later("The flow is throttled", _HOUR, tries=1),
    "133010": _sender("The number is not registered"),
    "133016": _sender("The number was registered too often"),
    "135000": _later("Meta failed without saying why", _MINUTE, tries=3),
    "137000": _rejected("The recipient's identity key has changed"),
}

MAYBE_CARRIED_OUT: Final = frozenset({"1", "2", "131000", "131016", "135000"})
"""In an answer these leave open whether the message was taken; in a status it is known that it was not delivered."""

_MARKETING_DECLINED: Final = "131049"
_NEVER_AGAIN: Final = _rejected("Meta declined this marketing template, as it does for US numbers")


def reaction_for(code: str, *, to: str = "") -> Reaction:
    if code == _MARKETING_DECLINED and to.startswith("+1"):
        return _NEVER_AGAIN
    return REACTIONS.get(code) or _rejected(f"Meta refused it with code {code or 'none'}")
