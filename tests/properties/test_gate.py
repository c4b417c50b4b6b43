"""The gate over arbitrary facts: what must hold whatever the circumstances."""

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from crm.models.consent import HoldKind, Purpose
from messaging import gate
from messaging.gate import HOLD_WORDS, Facts, Outcome, decide
from messaging.models.messages import Voice

THOROUGH = settings(max_examples=2000, deadline=None, database=None, phases=[Phase.generate])
NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
instants = st.integers(-3600, 3600).map(lambda seconds: NOW + timedelta(seconds=seconds))


def often(clear: Any, otherwise: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly the value that stands in no message's way, so that the rules behind it are reached as well."""
    return st.one_of(st.just(clear), st.just(clear), otherwise)


USUAL: dict[str, st.SearchStrategy[Any]] = {
    "now": st.just(NOW),
    "voice": st.sampled_from([voice for voice in Voice.values if voice != Voice.CUSTOMER]),
    "purpose": st.sampled_from(Purpose.values),
    "epoch": st.just(7),
    "floor_epoch": often(7, st.integers(6, 8)),
    "floor_holder": st.sampled_from(["", "human", "primary", "bridge", "system", "marketing"]),
    "floor_person": st.sampled_from(["", "Bruno"]),
    "answers_at": often(None, instants),
    "stands": st.booleans(),
    "newest_inbound_at": often(None, instants),
    "window_closes_at": often(NOW + timedelta(hours=1), st.none() | instants),
    "has_window": st.booleans(),
    "opted_out_at": often(None, instants),
    "confirms_opt_out": st.booleans(),
    "marketing_consent": often(True, st.just(False)),
    "holds": often((), st.lists(st.sampled_from(HoldKind.values), unique=True).map(tuple)),
    "sender_paused": often("", st.just("Twilio refuses it.")),
    "sender_resumes_at": st.none() | instants.filter(lambda at: at > NOW),
    "rests_until": often(None, instants),
    "rest_code": st.just("provider_silent"),
    "rest_reason": st.just("The provider does not answer."),
}
usual = st.builds(Facts, **USUAL)
"""Messages as nearly all are: no template, an address that works, a text that fits."""

circumstances = st.builds(
    Facts,
    **USUAL,
    human_window_closes_at=often(None, instants),
    template=st.sampled_from(["", "", "", "approved", "approved", "paused", "pending", "rejected", "gone"]),
    template_name=st.just("order_update"),
    template_category=st.sampled_from(["", "utility", "marketing"]),
    template_problem=often("", st.just("there is nothing for {{1}}")),
    template_resumes_at=often(None, instants),
    template_always=st.booleans(),
    receives_only=often(False, st.just(True)),
    has_address=often(True, st.just(False)),
    address_invalid=often("", st.just("nobody is reached there")),
    is_spared_number=often(False, st.just(True)),
    text_size=often(10, st.just(5000)),
    max_text=st.sampled_from([None, 1600]),
    quiet_until=often(None, instants),
    cap_frees_at=often(None, instants),
)


def may_go(facts: Facts) -> bool:
    return decide(facts).outcome == Outcome.ALLOW


@given(circumstances)
def test_a_machines_words_of_another_epoch_never_leave_nor_wait(facts: Facts) -> None:
    verdict = decide(facts)
    if facts.epoch != facts.floor_epoch and facts.voice != Voice.HUMAN:
        assert verdict.outcome == Outcome.SUPPRESS
        assert verdict.code == ("taken_over" if facts.floor_holder == "human" else "stale_epoch")


@given(circumstances)
def test_a_persons_words_of_another_epoch_give_way_to_another_person_only(facts: Facts) -> None:
    if facts.epoch != facts.floor_epoch and facts.voice == Voice.HUMAN:
        assert (decide(facts).code == "taken_over") == (facts.floor_holder == "human")


@given(circumstances)
def test_marketing_never_leaves_without_consent_nor_against_a_hold(facts: Facts) -> None:
    if facts.purpose == Purpose.MARKETING and may_go(facts):
        assert facts.marketing_consent
        assert not facts.holds


@given(circumstances)
def test_after_an_opt_out_only_its_confirmation_and_later_answers_leave(facts: Facts) -> None:
    if facts.opted_out_at is not None and may_go(facts):
        answers_later = facts.answers_at is not None and facts.answers_at > facts.opted_out_at
        assert facts.confirms_opt_out or answers_later


@given(circumstances)
def test_nothing_leaves_through_a_closed_window(facts: Facts) -> None:
    if facts.has_window and may_go(facts):
        is_human = facts.voice == Voice.HUMAN
        closes_at = [facts.window_closes_at, facts.human_window_closes_at if is_human else None]
        is_open = any(at is not None and at > NOW for at in closes_at)
        assert is_open or (facts.template == "approved" and decide(facts).as_template)


@given(circumstances)
def test_nothing_goes_to_where_it_cannot(facts: Facts) -> None:
    if may_go(facts):
        assert not facts.receives_only
        assert not facts.address_invalid
        assert decide(facts).as_template or facts.max_text is None or facts.text_size <= facts.max_text


@given(circumstances)
def test_marketing_keeps_the_quiet_hours_and_the_cap(facts: Facts) -> None:
    if facts.purpose == Purpose.MARKETING and may_go(facts):
        assert not _is_later(facts.quiet_until, NOW)
        assert not _is_later(facts.cap_frees_at, NOW)


@given(circumstances)
def test_a_machine_never_answers_what_is_no_longer_the_newest(facts: Facts) -> None:
    answers, newest = facts.answers_at, facts.newest_inbound_at
    if facts.voice != Voice.HUMAN and answers and newest and answers < newest:
        assert facts.stands or not may_go(facts)


@given(circumstances)
def test_nothing_leaves_by_a_paused_sender(facts: Facts) -> None:
    assert not (facts.sender_paused and may_go(facts))


@given(circumstances)
def test_a_deferral_says_until_when_and_that_lies_ahead(facts: Facts) -> None:
    verdict = decide(facts)
    assert (verdict.outcome == Outcome.DEFER) == (verdict.until is not None)
    assert verdict.until is None or verdict.until > NOW


@given(circumstances)
def test_every_verdict_has_a_code_a_sentence_and_its_facts(facts: Facts) -> None:
    verdict = decide(facts)
    assert verdict.code
    assert verdict.reason.endswith(".")
    stored = verdict.as_json(facts)["facts"]
    for field in fields(Facts):
        assert (field.name in stored) == (getattr(facts, field.name) != field.default)


# -- the rules, written a second time ----------------------------------------------------------------------------


def outcome_by_the_book(facts: Facts) -> Outcome:
    """Words leave in their own voice, up to date, wanted, in a form that may leave; and then when they can."""
    is_person = facts.voice == Voice.HUMAN
    has_voice = facts.epoch == facts.floor_epoch or (is_person and facts.floor_holder != "human")
    is_fresh = is_person or facts.stands or not _is_later(facts.newest_inbound_at, facts.answers_at)
    is_wanted = facts.opted_out_at is None or facts.confirms_opt_out or _is_later(facts.answers_at, facts.opted_out_at)
    if not (has_voice and is_fresh and is_wanted and not facts.receives_only and not facts.address_invalid):
        return Outcome.SUPPRESS
    is_open = not facts.has_window or _is_later(facts.window_closes_at, facts.now)
    may_write = is_open or (is_person and _is_later(facts.human_window_closes_at, facts.now))
    is_template = facts.template != "" and (facts.template_always or not may_write)
    if not _is_welcome(facts, is_template) or not _may_take_form(facts, is_template, may_write):
        return Outcome.SUPPRESS
    return Outcome.DEFER if _must_wait(facts, is_template) else Outcome.ALLOW


def _is_welcome(facts: Facts, is_template: bool) -> bool:
    is_ours = facts.purpose == Purpose.MARKETING
    if not is_ours and not (is_template and facts.template_category == "marketing"):
        return True
    is_held = bool(facts.holds) if is_ours else "unsubscribed" in facts.holds
    is_spared = facts.is_spared_number and facts.has_window
    return facts.marketing_consent and not is_held and not is_spared


def _may_take_form(facts: Facts, is_template: bool, may_write: bool) -> bool:
    if not is_template:
        return may_write and (facts.max_text is None or facts.text_size <= facts.max_text)
    may_wait = facts.template == "paused" and facts.purpose == Purpose.MARKETING
    is_ready = facts.template == "approved" and not facts.template_problem
    return facts.has_address and (is_ready or may_wait)


def _must_wait(facts: Facts, is_template: bool) -> bool:
    is_night = facts.purpose == Purpose.MARKETING and _is_later(facts.quiet_until, facts.now)
    has_enough = facts.purpose == Purpose.MARKETING and _is_later(facts.cap_frees_at, facts.now)
    is_paused = is_template and facts.template == "paused"
    return bool(is_night or has_enough or is_paused or facts.sender_paused or _is_later(facts.rests_until, facts.now))


def _is_later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and other is not None and one > other


@given(circumstances)
def test_the_gate_decides_by_the_book(facts: Facts) -> None:
    assert decide(facts).outcome == outcome_by_the_book(facts)


@pytest.mark.parametrize("rule", ["_voice", "_outdated", "_consent", "_marketing", "_window", "_sender", "_rest"])
def test_a_gate_that_lacks_a_rule_is_found_out(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The common ones; that of each rule is found by the tables beside `test_gate.py`."""
    monkeypatch.setattr(gate, rule, lambda facts: None)
    find(usual, lambda facts: decide(facts).outcome != outcome_by_the_book(facts), settings=THOROUGH)


EVERY_CODE = [
    "clear", "taken_over", "stale_epoch", "newer_inbound", "opted_out", "no_consent", "held", "window_closed",
    "sender_paused", "provider_silent",
]  # fmt: skip


@pytest.mark.parametrize("code", EVERY_CODE)
def test_the_circumstances_reach_every_rule(code: str) -> None:
    """Else the properties above would hold because nothing is ever allowed."""
    find(usual, lambda facts: decide(facts).code == code, settings=THOROUGH)


def test_every_hold_can_be_told_in_words() -> None:
    assert set(HoldKind.values) <= set(HOLD_WORDS)
