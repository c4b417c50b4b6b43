"""The gate: may this message go now? A pure function of facts; its verdict and its facts stay on the message.

It runs when a message is queued and again, with fresh facts, in the transaction that claims it for sending.
"""

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    ALLOW = "allow"
    DEFER = "defer"
    SUPPRESS = "suppress"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known about a message, its lead and its channel at `now`.

    `answers_at` is when the customer wrote what this message answers, None for words nobody asked for; `stands`
    says that what they write next does not make it obsolete.
    `rests_until` is when the sender may be used again: its rate is used up, or its provider is silent.
    `window_closes_at` is None where a channel has no window; a channel with one that never opened gives the past.
    """

    now: datetime
    voice: str
    purpose: str
    epoch: int
    floor_epoch: int
    floor_holder: str
    floor_person: str = ""
    answers_at: datetime | None = None
    stands: bool = False
    newest_inbound_at: datetime | None = None
    window_closes_at: datetime | None = None
    has_window: bool = False
    opted_out_at: datetime | None = None
    confirms_opt_out: bool = False
    marketing_consent: bool = False
    holds: tuple[str, ...] = ()
    sender_paused: str = ""
    sender_resumes_at: datetime | None = None
    rests_until: datetime | None = None
    rest_code: str = ""
    rest_reason: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    outcome: Outcome
    code: str
    reason: str
    until: datetime | None = None

    def as_json(self, facts: Facts) -> dict[str, Any]:
        """What is stored on the message: the verdict, and the facts it was reached on."""
        seen = {field.name: _plain(getattr(facts, field.name)) for field in fields(facts)}
        until = self.until.isoformat() if self.until else None
        return {"outcome": self.outcome, "code": self.code, "reason": self.reason, "until": until, "facts": seen}


PAUSED_SENDER_LOOK_AGAIN = timedelta(seconds=60)
WINDOW_CLOSED = "window_closed"

HOLD_WORDS = {
    "in_conversation": "a conversation is going on",
    "human_requested": "they asked for a person less than 24 hours ago",
    "booking_pending": "a booked call is pending",
    "in_sales_process": "they are in a sales process",
    "unsubscribed": "they unsubscribed",
}


def decide(facts: Facts) -> Verdict:
    """Allow, defer until a time, or suppress for good; the first rule that objects decides."""
    for rule in (_voice, _outdated, _consent, _marketing, _window, _sender, _rest):
        verdict = rule(facts)
        if verdict is not None:
            return verdict
    return Verdict(Outcome.ALLOW, "clear", "Nothing stood in the way.")


def _voice(facts: Facts) -> Verdict | None:
    if facts.epoch == facts.floor_epoch:
        return None
    if facts.floor_holder == "human":
        return _suppress("taken_over", f"{facts.floor_person or 'A person'} had taken over the conversation.")
    if facts.voice == "human":  # giving the conversation back, or resolving it, does not unsay what they wrote
        return None
    return _suppress("stale_epoch", "The conversation had moved on to another voice.")


def _outdated(facts: Facts) -> Verdict | None:
    if facts.voice == "human" or facts.stands or facts.answers_at is None or facts.newest_inbound_at is None:
        return None
    if facts.newest_inbound_at > facts.answers_at:
        return _suppress("newer_inbound", "The customer had written again; the next reply answers both.")
    return None


def _consent(facts: Facts) -> Verdict | None:
    """After an opt-out only two things may leave: its one confirmation, and answers to what came later."""
    if facts.opted_out_at is None or facts.confirms_opt_out:
        return None
    if facts.answers_at is not None and facts.answers_at > facts.opted_out_at:
        return None
    return _suppress("opted_out", "The customer asked for no more messages here.")


def _marketing(facts: Facts) -> Verdict | None:
    if facts.purpose != "marketing":
        return None
    if not facts.marketing_consent:
        return _suppress("no_consent", "There is no consent to marketing on this channel.")
    if facts.holds:
        why = "; ".join(HOLD_WORDS.get(hold, hold) for hold in facts.holds)
        return _suppress("held", f"{why[0].upper()}{why[1:]}.")
    return None


def _window(facts: Facts) -> Verdict | None:
    if not facts.has_window:
        return None
    if facts.window_closes_at is not None and facts.window_closes_at > facts.now:
        return None
    return _suppress(WINDOW_CLOSED, "The service window is closed; only an approved template may open it again.")


def _sender(facts: Facts) -> Verdict | None:
    if not facts.sender_paused:
        return None
    until = facts.sender_resumes_at or facts.now + PAUSED_SENDER_LOOK_AGAIN
    return Verdict(Outcome.DEFER, "sender_paused", f"The sender is paused: {facts.sender_paused}", until)


def _rest(facts: Facts) -> Verdict | None:
    if facts.rests_until is None or facts.rests_until <= facts.now:
        return None
    return Verdict(Outcome.DEFER, facts.rest_code, facts.rest_reason, facts.rests_until)


def _suppress(code: str, reason: str) -> Verdict:
    return Verdict(Outcome.SUPPRESS, code, reason)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value
