"""Asking Twilio whether it knows an account and its sender. https://www.twilio.com/docs/iam/api/account"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from twilio.rest import Client

from messaging.transports import ErrorKind, TransportError
from messaging.verification import Problem, Verified

from .transport import client_of, errors_named

Sender = Callable[[Client], list[Problem]]

CONSOLE: Final = "Copy the account SID and the auth token again from the first page of Twilio's console."
SILENT: Final = Problem(
    "Twilio did not answer, so that the credentials could not be checked.", "Check the channel again in a few minutes."
)


def verify_account(config: Mapping[str, str], secrets: Mapping[str, str], sender: Sender) -> Verified:
    """The account first; `sender` then tells what seems wrong with the sender, and is asked of a good account only."""
    client = client_of(config, secrets)
    try:
        with errors_named():
            account = client.api.v2010.accounts(config["account_sid"]).fetch()
    except TransportError as error:
        return _unverified(error)
    if account.status != "active":
        what = f"Twilio says that the account is {account.status}."
        return Verified(problems=(Problem(what, "Open it again in Twilio's console.", "account_sid"),))
    found = f"Twilio's account “{account.friendly_name}” is active."
    return Verified(found=found, doubts=tuple(_about_sender(client, sender)))


def _unverified(error: TransportError) -> Verified:
    if error.kind == ErrorKind.SENDER_BLOCKED:
        what = "Twilio does not accept the account SID and auth token."
        return Verified(problems=(Problem(what, CONSOLE, "auth_token"),))
    if error.code == "20404":
        return Verified(problems=(Problem("Twilio does not know this account SID.", CONSOLE, "account_sid"),))
    return Verified(doubts=(SILENT,))


def _about_sender(client: Client, sender: Sender) -> list[Problem]:
    """Keys may be allowed to send and not to look: what cannot be looked at is no reason to refuse a channel."""
    try:
        with errors_named():
            return sender(client)
    except TransportError:
        return [Problem("Twilio did not show the account's senders.", "Look in its console whether yours is there.")]


def about_door(called: str | None, door: str | None) -> list[Problem]:
    """Whether Twilio calls us when a message comes in; nothing is said before the channel has its doors."""
    if door is None or called == door:
        return []
    what = f"Twilio calls {called or 'nobody'} when a message comes in."
    return [Problem(what, f"Enter {door} at the sender.")]
