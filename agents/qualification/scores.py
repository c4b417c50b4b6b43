"""Three scores from 0 to 100, each the sum of parts that a salesperson can read. Pure.

Engagement: points of the last 30 days against what the same number of the weightiest deeds would give.
Intent: how near to buying the customer sounds. Fit: how much of what the company sells to is known of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from crm.models.activity import POINTS

WINDOW = timedelta(days=30)
WEIGHTS = {str(kind): points for kind, points in POINTS.items()}
WEIGHTIEST = max(WEIGHTS.values())
OPINION_SHARE = 0.3
"""How far the model's own figure pulls a score."""

Part = tuple[str, int]

DEEDS = {
    "message_read": "messages read",
    "message_reply": "replies",
    "link_click": "links clicked",
    "calendly_book": "calls booked",
    "demo_request": "demos asked for",
    "referral_made": "referrals made",
}
INTENTS = {
    "purchase_intent": ("wants to buy", 45),
    "booking": ("asked for an appointment", 30),
    "referral": ("came by referral or refers others", 20),
    "pricing": ("asked about the price", 20),
    "stock_alert": ("wants to know when it is back", 15),
    "campaign_reply": ("answered a campaign", 15),
    "product_inquiry": ("asked about the product", 10),
    "complaint": ("complained", -15),
    "cancellation": ("wants to cancel", -30),
    "refund": ("wants money back", -20),
    "opt_out": ("wants no messages", -60),
    "spam": ("writes spam", -60),
}
FACTS_OF_INTENT = {"budget": ("named a budget", 15), "product_interest": ("named what they want", 10)}
FACTS_OF_FIT = {
    "company": ("company known", 20),
    "industry": ("industry known", 15),
    "company_size": ("company size known", 20),
    "budget": ("budget known", 20),
    "product_interest": ("interest known", 10),
    "email": ("e-mail known", 5),
    "full_name": ("full name known", 5),
    "technical_level": ("technical level known", 5),
}
SAME_BUSINESS = ("in the company's own field", 20)


@dataclass(frozen=True, slots=True)
class Score:
    """`parts` add up to `value`, but for the bounds 0 and 100."""

    value: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the scores of one lead are made of: counts of deeds and of intents in the window, current facts."""

    deeds: Mapping[str, int]
    intents: Mapping[str, int]
    facts: Mapping[str, str]
    business: str = ""
    opinion: Mapping[str, int] | None = None


def engagement(evidence: Evidence) -> Score:
    """The formula is fixed, so the model's opinion has no part in it."""
    counts = {kind: count for kind, count in evidence.deeds.items() if count and kind in WEIGHTS}
    most = sum(counts.values()) * WEIGHTIEST
    if not most:
        return Score(0, ())
    exact = {kind: 100 * count * WEIGHTS[kind] / most for kind, count in counts.items()}
    parts = [(f"{counts[kind]} × {DEEDS.get(kind, kind)}", share) for kind, share in exact.items()]
    return Score(round(sum(exact.values())), _rounded(sorted(parts, key=lambda part: -part[1])))


def intent(evidence: Evidence) -> Score:
    """Each kind of intent counts once: asking five times for the price is no stronger wish than asking twice."""
    parts = [INTENTS[name] for name, count in evidence.intents.items() if count and name in INTENTS]
    parts += [
        (f"{INTENTS[name][0]} again", INTENTS[name][1] // 3)
        for name, count in evidence.intents.items()
        if count > 1 and INTENTS.get(name, ("", 0))[1] > 0
    ]
    parts += [FACTS_OF_INTENT[name] for name in FACTS_OF_INTENT if evidence.facts.get(name)]
    if evidence.deeds.get("calendly_book"):
        parts.append(("booked a call", 30))
    if evidence.facts.get("urgency") == "high":
        parts.append(("is in a hurry", 10))
    return _bounded(parts, "intent", evidence)


def fit(evidence: Evidence) -> Score:
    parts = [FACTS_OF_FIT[name] for name in FACTS_OF_FIT if evidence.facts.get(name)]
    industry = evidence.facts.get("industry", "")
    if industry and industry != "other" and _is_served(industry, evidence.business):
        parts.append(SAME_BUSINESS)
    return _bounded(parts, "fit", evidence)


def _bounded(parts: list[Part], name: str, evidence: Evidence) -> Score:
    total = sum(points for _, points in parts)
    if evidence.opinion and name in evidence.opinion:
        pull = round((evidence.opinion[name] - max(0, min(100, total))) * OPINION_SHARE)
        if pull:
            parts = [*parts, ("the model's own view", pull)]
            total += pull
    ordered = sorted(parts, key=lambda part: (-abs(part[1]), part[0]))
    return Score(max(0, min(100, total)), tuple(ordered))


def _is_served(industry: str, business: str) -> bool:
    return any(word in business.casefold() for word in (industry.replace("_", " "), industry.split("_")[0]))


def _rounded(parts: Iterable[tuple[str, float]]) -> tuple[Part, ...]:
    return tuple((name, round(share)) for name, share in parts)
