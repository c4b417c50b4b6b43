"""The gate, rule by rule: a pure function, so a table."""

from dataclasses import replace
from datetime import timedelta

import pytest

from messaging import gate
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
OUTSIDE = {"window_closes_at": NOON, "template": "approved", "template_category": "utility"}

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
    "a channel that only receives sends nothing": (REPLY, {"receives_only": True}, "receives_only"),
    "a person may write for longer where the channel lets people": (
        REPLY,
        {"voice": "human", "window_closes_at": NOON, "human_window_closes_at": NOON + SECOND},
        "clear",
    ),
    "an agent may not": (
        REPLY,
        {"window_closes_at": NOON, "human_window_closes_at": NOON + SECOND},
        "window_closed",
    ),
    "text that is too long is refused": (REPLY, {"text_size": 1601, "max_text": 1600}, "too_long"),
    "text that just fits leaves": (REPLY, {"text_size": 1600, "max_text": 1600}, "clear"),
    "the length of the words does not matter to their template": (
        REPLY,
        {**OUTSIDE, "text_size": 1601, "max_text": 1600},
        "clear",
    ),
    "an address that does not work is left alone": (REPLY, {"address_invalid": "no WhatsApp"}, "invalid_address"),
    "a template needs an address": (REPLY, {**OUTSIDE, "has_address": False}, "no_address"),
    "a template needs its variables": (REPLY, {**OUTSIDE, "template_problem": "no {{1}}"}, "template_unfit"),
    "marketing to the United States is refused": (MARKETING, {"is_spared_number": True}, "us_marketing"),
    "service to the United States is not": (REPLY, {"is_spared_number": True}, "clear"),
    "a marketing template to the United States is refused whatever it is for": (
        REPLY,
        {**OUTSIDE, "template_category": "marketing", "marketing_consent": True, "is_spared_number": True},
        "us_marketing",
    ),
    "marketing waits for the morning": (MARKETING, {"quiet_until": NOON + SECOND}, "quiet_hours"),
    "a reply does not": (REPLY, {"quiet_until": NOON + SECOND}, "clear"),
    "marketing waits for its turn": (MARKETING, {"cap_frees_at": NOON + SECOND}, "frequency_cap"),
    "a paused template makes marketing wait": (MARKETING, {**OUTSIDE, "template": "paused"}, "template_paused"),
    "a provider that is silent makes it wait": (
        REPLY,
        {"rests_until": NOON + SECOND, "rest_code": "provider_silent", "rest_reason": "It does not answer."},
        "provider_silent",
    ),
    "a take-over counts before everything else": (REPLY, {**TAKEN, "opted_out_at": NOON}, "taken_over"),
}


@pytest.mark.parametrize("case", CASES)
def test_the_gate(case: str) -> None:
    facts, changes, code = CASES[case]
    assert decide(replace(facts, **changes)).code == code


RULES = [
    "_voice", "_outdated", "_consent", "_receiving", "_marketing", "_spared", "_window", "_template", "_address",
    "_length", "_template_pause", "_quiet", "_cap", "_sender", "_rest",
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_gate_without_one_of_its_rules_fails_a_case(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, rule, lambda facts: None)
    assert any(decide(replace(facts, **changes)).code != code for facts, changes, code in CASES.values())


def test_every_refusal_is_a_sentence_and_every_wait_has_an_end() -> None:
    for facts, changes, code in CASES.values():
        verdict = decide(replace(facts, **changes))
        assert verdict.reason.endswith(".") or code == "sender_paused"
        assert (verdict.until is not None) == (verdict.outcome is Outcome.DEFER)


def test_the_verdict_keeps_the_facts_it_was_reached_on() -> None:
    stored = decide(replace(REPLY, holds=("in_conversation",))).as_json(replace(REPLY, holds=("in_conversation",)))
    assert stored["facts"]["holds"] == ["in_conversation"]
    assert stored["facts"]["now"] == NOON.isoformat()
    assert "template" not in stored["facts"]  # what says nothing is left out
    assert stored["outcome"] == "allow"


def test_a_hold_is_told_in_words() -> None:
    assert "booked call is pending" in decide(replace(MARKETING, holds=("booking_pending",))).reason
