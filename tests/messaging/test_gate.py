"""The gate, rule by rule: a pure function, so a table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from messaging.gate import Facts, Outcome, decide
from tests.cast import NOON

SECOND = timedelta(seconds=1)
REPLY = Facts(
    now=NOON,
    voice="ai",
    purpose="service",
    epoch=7,
    floor_epoch=7,
    floor_holder="primary",
    answers_at=NOON - SECOND,
    newest_inbound_at=NOON - SECOND,
    has_window=True,
    window_closes_at=NOON + timedelta(hours=24),
)
MARKETING = replace(REPLY, voice="marketing", purpose="marketing", answers_at=None, marketing_consent=True)
TAKEN = {"floor_epoch": 8, "floor_holder": "human", "floor_person": "Bruno"}

CASES = {
    "a reply to the newest words leaves": (REPLY, {}, "clear"),
    "a person's take-over silences the reply": (REPLY, TAKEN, "taken_over"),
    "another voice makes it stale": (REPLY, {"floor_epoch": 8, "floor_holder": "bridge"}, "stale_epoch"),
    "a floor given up without another grant lets the words out": (REPLY, {"floor_holder": ""}, "clear"),
    "newer words make a reply obsolete": (REPLY, {"newest_inbound_at": NOON}, "newer_inbound"),
    "what stands is not made obsolete": (REPLY, {"newest_inbound_at": NOON, "stands": True}, "clear"),
    "a person's words are never obsolete": (REPLY, {"newest_inbound_at": NOON, "voice": "human"}, "clear"),
    "a person's words outlive the return to the AI": (
        REPLY,
        {"voice": "human", "floor_epoch": 8, "floor_holder": "primary"},
        "clear",
    ),
    "a person's words outlive a resolution": (REPLY, {"voice": "human", "floor_epoch": 8, "floor_holder": ""}, "clear"),
    "another person's take-over stops a person's words": (REPLY, {**TAKEN, "voice": "human"}, "taken_over"),
    "words nobody asked for stop at an opt-out": (REPLY, {"answers_at": None, "opted_out_at": NOON}, "opted_out"),
    "an answer to words before the opt-out stops": (REPLY, {"opted_out_at": NOON}, "opted_out"),
    "an answer to words after the opt-out leaves": (REPLY, {"opted_out_at": NOON - 2 * SECOND}, "clear"),
    "the confirmation of an opt-out leaves": (REPLY, {"opted_out_at": NOON, "confirms_opt_out": True}, "clear"),
    "a person's words stop at an opt-out": (REPLY, {"voice": "human", "opted_out_at": NOON}, "opted_out"),
    "a closed window stops free text": (REPLY, {"window_closes_at": NOON}, "window_closed"),
    "a window that never opened stops it": (REPLY, {"window_closes_at": None}, "window_closed"),
    "a channel without windows has none to close": (REPLY, {"has_window": False, "window_closes_at": None}, "clear"),
    "a paused sender makes it wait": (REPLY, {"sender_paused": "blocked"}, "sender_paused"),
    "marketing with consent leaves": (MARKETING, {}, "clear"),
    "marketing without consent stops": (MARKETING, {"marketing_consent": False}, "no_consent"),
    "marketing stops at a hold": (MARKETING, {"holds": ("booking_pending",)}, "held"),
    "a hold does not stop a reply": (REPLY, {"holds": ("in_conversation",)}, "clear"),
    "a take-over counts before everything else": (REPLY, {**TAKEN, "opted_out_at": NOON}, "taken_over"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_gate(case: str) -> None:
    facts, changes, code = CASES[case]
    assert decide(replace(facts, **changes)).code == code


def test_every_refusal_is_a_sentence_and_every_wait_has_an_end() -> None:
    for facts, changes, code in CASES.values():
        verdict = decide(replace(facts, **changes))
        assert verdict.reason.endswith(".") or code == "sender_paused"
        assert (verdict.until is not None) == (verdict.outcome is Outcome.DEFER)


def test_the_verdict_keeps_the_facts_it_was_reached_on() -> None:
    stored = decide(replace(REPLY, holds=("in_conversation",))).as_json(replace(REPLY, holds=("in_conversation",)))
    assert stored["facts"]["holds"] == ["in_conversation"]
    assert stored["facts"]["now"] == NOON.isoformat()
    assert stored["outcome"] == "allow"


def test_a_hold_is_told_in_words() -> None:
    assert "booked call is pending" in decide(replace(MARKETING, holds=("booking_pending",))).reason
