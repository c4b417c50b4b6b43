"""Asking Twilio about a number. https://www.twilio.com/docs/phone-numbers/api/incomingphonenumber-resource"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twilio.rest import Client

from messaging.channels.twilio.verify import about_door, verify_account
from messaging.verification import Problem, Verified


def verify(config: Mapping[str, str], secrets: Mapping[str, str], doors: Mapping[str, str]) -> Verified:
    def sender(client: Client) -> list[Problem]:
        return _about_number(client, config["sender"], doors)

    return verify_account(config, secrets, sender)


def _about_number(client: Client, number: str, doors: Mapping[str, str]) -> list[Problem]:
    """A number of a Messaging Service is called by the service's address: then this one may be empty."""
    listed = client.incoming_phone_numbers.list(phone_number=number, limit=1)
    if not listed:
        what = f"The account has no number {number}."
        return [Problem(what, "Compare it with the numbers in Twilio's console.", "sender")]
    return [*_about_sms(listed[0]), *about_door(listed[0].sms_url, doors.get("inbound_url"))]


def _about_sms(number: Any) -> list[Problem]:
    if (number.capabilities or {}).get("sms"):
        return []
    return [Problem("This number cannot send SMS.", "Choose one that can, in Twilio's console.", "sender")]
