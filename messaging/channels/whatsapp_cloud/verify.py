"""Asking Meta whether it knows a number, its account and our address.

https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from messaging.transports import ErrorKind, TransportError
from messaging.verification import Problem, Verified

from .transport import CloudTransport, build

FIELDS: Final = "display_phone_number,verified_name,quality_rating,webhook_configuration"
SILENT: Final = Problem(
    "Meta did not answer, so that the credentials could not be checked.", "Check the channel again in a few minutes."
)


def verify(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    """The number first; of the rest what cannot be looked at is no reason to refuse a channel."""
    meta = build(config, secrets)
    try:
        number = meta.read(f"/{config['phone_number_id']}", fields=FIELDS)
    except TransportError as error:
        return _unverified(error)
    shown = str(number.get("display_phone_number") or "")
    if _digits(shown) != _digits(config["sender"]):
        what = f"Meta says that this phone number ID belongs to {shown or 'no number'}."
        return Verified(problems=(Problem(what, f"Enter the ID of {config['sender']}, or that number.", "sender"),))
    found = f"Meta knows {shown} as “{number.get('verified_name') or 'no name'}”."
    return Verified(found=found, doubts=(*_about_number(number, doors), *_about_account(meta, config["waba_id"])))


def _unverified(error: TransportError) -> Verified:
    if error.kind == ErrorKind.SENDER_BLOCKED:
        mend = "Make a new token of a system user with the permission whatsapp_business_messaging."
        return Verified(problems=(Problem("Meta does not accept the access token.", mend, "access_token"),))
    if error.kind == ErrorKind.MISCONFIGURED:
        mend = "Copy it again from “WhatsApp”, “API setup”; it is not the number itself."
        return Verified(problems=(Problem("Meta does not know this phone number ID.", mend, "phone_number_id"),))
    return Verified(doubts=(SILENT,))


def _about_number(number: Mapping[str, Any], doors: Mapping[str, str]) -> Iterator[Problem]:
    if number.get("quality_rating") == "RED":
        yield Problem("The number's quality is low.", "Write less often, and only to those who asked for it.")
    called = number.get("webhook_configuration") or {}
    door = doors.get("callback_url")
    if door and called and door not in called.values():
        addresses = ", ".join(str(address) for address in called.values())
        yield Problem(f"Meta calls {addresses}.", f"Enter {door} as the callback URL of the app's webhook.")


def _about_account(meta: CloudTransport, account: str) -> Iterator[Problem]:
    """An app that is not subscribed hears nothing, however right its callback URL is."""
    try:
        apps = meta.read(f"/{account}/subscribed_apps").get("data")
    except TransportError as error:
        if error.kind == ErrorKind.MISCONFIGURED:
            yield Problem("Meta does not know this WhatsApp business account ID.", "Copy it again.", "waba_id")
        return
    if not apps:
        what = "No app is subscribed to the WhatsApp business account."
        yield Problem(what, "Subscribe yours to the field “messages” under “WhatsApp”, “Configuration”.")


def _digits(number: str) -> str:
    return "".join(filter(str.isdigit, number))
