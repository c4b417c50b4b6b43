"""Asking Twilio about a WhatsApp sender. https://www.twilio.com/docs/whatsapp/api/senders"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from twilio.rest import Client

from messaging.channels.twilio.verify import about_door, verify_account
from messaging.verification import Problem, Verified

SANDBOX: Final = "whatsapp:+14155238886"
"""Twilio's own number, which every account may try and none has in its list."""

ONLINE: Final = ("ONLINE", "ONLINE:UPDATING")


def verify(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    def sender(client: Client) -> list[Problem]:
        if config["sender"] == SANDBOX:
            return []
        return _about_sender(client, config["sender"], doors)

    return verify_account(config, secrets, sender)


def _about_sender(client: Client, sender: str, doors: Mapping[str, str]) -> list[Problem]:
    listed = client.messaging.v2.channels_senders.list(channel="whatsapp")
    mine = next((each for each in listed if each.sender_id == sender), None)
    if mine is None:
        what = f"The account has no WhatsApp sender {sender}."
        return [Problem(what, "Compare it with Twilio's list of senders.", "sender")]
    callback = (mine.webhook or {}).get("callback_url", "")
    return [*_about_status(mine), *about_door(callback, doors.get("inbound_url"))]


def _about_status(sender: Any) -> list[Problem]:
    status = str(sender.status or "")
    if status in ONLINE:
        return []
    what = f"Twilio says that the sender is {status.lower() or 'not ready'}."
    return [Problem(what, "Finish it in Twilio's console.")]
