"""What Twilio says of a WhatsApp sender. https://www.twilio.com/docs/whatsapp/api/senders"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from messaging.account_port import Standing
from messaging.channels.meta_limits import limit_in
from messaging.channels.twilio.transport import client_of, errors_named


def read_standing(config: Mapping[str, str], secrets: Mapping[str, str]) -> Standing:
    with errors_named():
        listed = client_of(config, secrets).messaging.v2.channels_senders.list(channel="whatsapp")
        mine = next((each for each in listed if each.sender_id == config["sender"]), None)
        return _standing(getattr(mine, "properties", None))


def _standing(properties: Any) -> Standing:
    if not isinstance(properties, Mapping):
        return Standing()
    limit = limit_in(str(properties.get("messaging_limit") or ""))
    return Standing(str(properties.get("quality_rating") or "").lower(), limit.words, limit.people)
