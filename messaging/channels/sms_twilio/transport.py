"""Sending an SMS: Twilio's client does it."""

from __future__ import annotations

from collections.abc import Mapping

from messaging.channels.twilio.transport import TwilioTransport

from .checks import CAPABILITIES


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> TwilioTransport:
    return TwilioTransport(config, secrets, CAPABILITIES)
