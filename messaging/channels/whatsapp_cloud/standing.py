"""What Meta says of a number: its quality, and how many people its account may write to."""

from __future__ import annotations

from collections.abc import Mapping

from messaging.account_port import Standing
from messaging.channels.meta_limits import limit_in

from .transport import build

FIELDS = "quality_rating,whatsapp_business_manager_messaging_limit"


def read_standing(config: Mapping[str, str], secrets: Mapping[str, str]) -> Standing:
    number = build(config, secrets).read(f"/{config['phone_number_id']}", fields=FIELDS)
    limit = limit_in(str(number.get("whatsapp_business_manager_messaging_limit") or ""))
    quality = str(number.get("quality_rating") or "").lower()
    return Standing("" if quality == "unknown" else quality, limit.words, limit.people)
