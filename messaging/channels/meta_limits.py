"""How Meta spells how many people may be written to outside the window in 24 hours, itself and through Twilio."""

from __future__ import annotations

import re
from dataclasses import dataclass

UNLIMITED = 2_000_000_000
"""Stands for no limit: a provider that says so takes a former limit away."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`people` is None where nothing that is known was said."""

    words: str
    people: int | None


def limit_in(told: str) -> Limit:
    """TIER_2K, 2K, “1K Customers/24hr”, 2000, TIER_UNLIMITED."""
    text = told.upper().removeprefix("TIER_").replace(",", "").strip()
    if text.startswith("UNLIMITED"):
        return Limit("no limit", UNLIMITED)
    match = re.match(r"([0-9]{1,9})(K?)(?![0-9.])", text)
    if match is None:
        return Limit(told, None)
    people = int(match[1]) * (1000 if match[2] else 1)
    if people <= 0 or people > UNLIMITED:
        return Limit(told, None)
    return Limit(f"{people:,} people a day", people)
