"""Everybody is answered: each check finds the violation that is planted, and that one alone."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from crm.services.trail import record_decision
from messaging.models import Conversation, Floor
from tests.analytics.history import NOON, History, minutes, seconds


def test_a_customer_whom_nobody_answered_is_found_once(history: History) -> None:
    history.says(NOON)
    history.says(NOON + minutes(1))
    assert history.found() == {"unanswered_customers": 1}


def test_a_customer_who_wrote_again_after_the_reply_is_found(history: History) -> None:
    history.says(NOON)
    history.sends(NOON + minutes(1))
    history.says(NOON + minutes(2), "And?")
    assert history.found() == {"unanswered_customers": 1}


def test_a_customer_who_wrote_just_now_is_none(history: History) -> None:
    history.says(history.now - minutes(4))
    assert history.found() == {}


def test_a_withheld_reply_is_no_answer(history: History) -> None:
    history.says(NOON)
    history.sends(NOON + minutes(1), status="suppressed")
    assert history.found() == {"unanswered_customers": 1}


def test_a_reply_a_decision_a_person_a_handover_and_a_resolution_are_answers(history: History) -> None:
    def replied() -> None:
        history.sends(NOON + minutes(1))

    def decided() -> None:
        history.decides(history.says(NOON))

    def person() -> None:
        Floor.objects.update(holder="human", user=history.cast.bruno, priority=1)

    def handover() -> None:
        history.asks_for_person()

    def resolved() -> None:
        record_decision(lead=history.cast.davi, actor="b", kind="conversation.resolved", reason="r", now=history.now)

    for answer in (replied, decided, person, handover, resolved):
        point = transaction.savepoint()
        history.says(NOON)
        answer()
        assert history.found() == {}, answer.__name__
        transaction.savepoint_rollback(point)
        history.cast.conversation.refresh_from_db()


def test_a_conversation_whose_turn_nobody_took_is_found(history: History) -> None:
    at = history.now - minutes(2)
    Conversation.objects.update(turn_due_at=at, unanswered_since=at)
    assert history.found() == {"overdue_turns": 1}


def test_a_turn_that_does_not_end_is_found(history: History) -> None:
    at = history.now - minutes(6)
    word = history.says(at)
    history.sends(at + minutes(1))
    history.decides(word, at, state="waiting")
    assert history.found() == {"stuck_turns": 1}


def test_a_turn_whose_worker_died_and_that_nobody_took_again_is_found(history: History) -> None:
    at = history.now - minutes(2)
    history.decides(history.says(at), at, state="taken", claimed_until=NOON - timedelta(days=1))
    assert history.found() == {"stuck_turns": 1}


def test_a_turn_under_way_is_none(history: History) -> None:
    at = history.now - seconds(90)
    history.decides(history.says(at), at, state="taken")
    assert history.found() == {}


def test_the_database_forbids_two_open_turns(history: History) -> None:
    word = history.says()
    history.decides(word, state="waiting")
    with pytest.raises(IntegrityError, match="turn_one_open"), transaction.atomic():
        history.decides(word, state="taken")


def test_a_parked_turn_is_a_note(history: History) -> None:
    history.decides(history.says(), state="parked")
    assert history.found() == {"parked_turns": 1}


@pytest.mark.parametrize("state", ["HANDOVER", "DISABLED"])
def test_an_agent_that_is_silenced_for_nobody_is_found(history: History, state: str) -> None:
    history.is_in_state(state)
    assert history.found() == {"silenced_agents": 1}


def test_an_agent_that_is_silent_for_a_person_or_a_handover_is_none(history: History) -> None:
    history.is_in_state("HANDOVER")
    handover = history.asks_for_person()
    assert history.found() == {}
    handover.delete()
    Floor.objects.update(holder="human", user=history.cast.bruno, priority=1)
    assert history.found() == {}


def test_news_that_no_agent_acted_on_is_found(history: History) -> None:
    history.reports(received_at=None, due_at=NOON + minutes(90))
    assert history.found() == {"undelivered_news": 1}


def test_news_that_was_given_up_is_found(history: History) -> None:
    history.reports(received_at=None, attempts_made=5)
    history.reports()
    assert history.found() == {"parked_news": 1}


def test_an_alert_that_was_not_mailed_is_a_note(history: History) -> None:
    history.alerts()
    assert history.found() == {"unmailed_alerts": 1}
