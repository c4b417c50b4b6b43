"""Effectively once: each check finds the violation that is planted, and that one alone."""

import pytest
from django.db import IntegrityError, transaction

from messaging.models import Message
from tests.analytics.history import NOON, History, minutes, seconds


def accepts_twice(history: History) -> Message:
    message = history.sends(NOON)
    history.tells("message.accepted", NOON, message=str(message.pk))
    history.calls(message, NOON + minutes(1), provider_id="SM-again")
    return message


def test_a_message_that_was_accepted_twice_is_found(history: History) -> None:
    accepts_twice(history)
    assert history.found() == {"accepted_twice": 1}


def test_a_second_try_after_the_provider_said_that_it_failed_is_none(history: History) -> None:
    message = accepts_twice(history)
    history.tells("message.deferred", NOON + seconds(50), message=str(message.pk))
    assert history.found() == {}


def test_two_messages_of_one_turn_are_found(history: History) -> None:
    history.sends(NOON, intent_key="turn:5")
    history.sends(NOON + minutes(1), intent_key="turn:5:again")
    assert history.found() == {"repeated_intents": 1}


def test_two_messages_of_one_rung_are_found_and_those_of_two_rungs_are_none(history: History) -> None:
    history.sends(NOON, intent_key="handover:7:update")
    history.sends(NOON + minutes(1), intent_key="handover:7:bridge")
    assert history.found() == {}
    history.sends(NOON + minutes(2), intent_key="handover:7:update:2")
    assert history.found() == {"repeated_intents": 1}


def test_a_withheld_message_repeats_nothing(history: History) -> None:
    history.sends(NOON, intent_key="turn:5", status="suppressed")
    history.sends(NOON + minutes(1), intent_key="turn:5:again")
    assert history.found() == {}


def test_the_database_forbids_one_intent_twice(history: History) -> None:
    history.sends(intent_key="turn:5")
    with pytest.raises(IntegrityError, match="message_intent_once"), transaction.atomic():
        history.sends(intent_key="turn:5")


def test_without_its_guard_one_intent_twice_is_found(history: History) -> None:
    history.without("messaging_message", "message_intent_once")
    history.sends(NOON, intent_key="human:1:x")
    history.sends(NOON + minutes(1), intent_key="human:1:x")
    assert history.found() == {"repeated_intents": 1, "missing_guards": 1}


def test_the_database_forbids_one_provider_id_twice(history: History) -> None:
    history.sends(provider_id="SMx")
    with pytest.raises(IntegrityError, match="message_provider_id_once"), transaction.atomic():
        history.sends(provider_id="SMx")


def test_an_attempt_that_claims_another_messages_id_is_found(history: History) -> None:
    history.sends(NOON, provider_id="SMx")
    other = history.sends(NOON + minutes(1), status="failed")
    history.calls(other, NOON + minutes(1), provider_id="SMx")
    assert history.found() == {"provider_ids_twice": 1}


def test_marketing_that_was_repeated_on_doubt_is_found(history: History) -> None:
    history.allows("granted")
    for purpose, at in (("service", NOON), ("marketing", NOON + minutes(5))):
        message = history.sends(at, status="failed", purpose=purpose, voice="marketing")
        history.calls(message, at, state="absent")
        history.calls(message, at + minutes(2), provider_id=f"SM{purpose}")
    assert history.found() == {"marketing_repeated": 1}


def test_a_call_beyond_its_deadline_is_found(history: History) -> None:
    history.calls(history.sends(status="sending"), NOON, state="calling")
    assert history.found() == {"calls_past_deadline": 1}


def test_a_doubt_that_nobody_settles_is_found(history: History) -> None:
    history.calls(history.sends(status="unknown"), history.now - minutes(12), state="unknown")
    assert history.found() == {"unsettled_doubts": 1}


def test_a_young_doubt_is_none(history: History) -> None:
    history.calls(history.sends(status="unknown"), history.now - minutes(9), state="unknown")
    assert history.found() == {}


def test_an_overdue_message_of_a_free_lead_is_found_once_for_its_queue(history: History) -> None:
    history.sends(NOON, status="queued")
    history.sends(NOON, status="queued")
    assert history.found() == {"overdue_messages": 1}


def test_a_message_that_waits_for_a_doubt_is_not_overdue(history: History) -> None:
    at = history.now - minutes(5)
    history.calls(history.sends(at, status="unknown"), at, state="unknown")
    history.sends(at, status="queued")
    assert history.found() == {}


def test_a_message_on_its_way_without_an_attempt_is_found(history: History) -> None:
    history.sends(status="sending")
    assert history.found() == {"ledger_disagrees": 1}


def test_an_open_attempt_of_a_withheld_message_is_found(history: History) -> None:
    history.calls(history.sends(status="suppressed"), history.now - seconds(30), state="unknown")
    assert history.found() == {"ledger_disagrees": 1}


def test_an_attempt_missing_from_the_ledger_is_found(history: History) -> None:
    message = history.sends()
    Message.objects.filter(pk=message.pk).update(attempts_made=2)
    assert history.found() == {"attempt_gaps": 1}


def test_a_gap_in_the_numbers_of_the_ledger_is_found(history: History) -> None:
    message = history.sends()
    message.attempts.update(number=2)
    assert history.found() == {"attempt_gaps": 1}


def test_the_database_forbids_one_attempt_number_twice(history: History) -> None:
    message = history.sends()
    with pytest.raises(IntegrityError, match="attempt_number_once"), transaction.atomic():
        history.calls(message, NOON, number=1)


def test_a_message_in_doubt_is_a_note(history: History) -> None:
    history.sends(status="in_doubt")
    assert history.found() == {"messages_in_doubt": 1}
