"""Nothing that arrived is lost: each check finds the violation that is planted, and that one alone."""

import pytest
from django.db import IntegrityError, transaction

from messaging.models import EventKey, Message, WebhookEvent
from tests.analytics.history import NOON, History, minutes, seconds


def test_an_event_that_nobody_applied_is_found(history: History) -> None:
    history.arrives("SM1:sent", state="received")
    history.arrives("SM1:read", history.now - seconds(30), state="received")
    assert history.found() == {"events_waiting": 1}


def test_a_parked_event_is_found(history: History) -> None:
    history.arrives("SM1:sent", state="parked", error="UnreadableForm: no sid")
    assert history.found() == {"events_parked": 1}


def test_an_event_that_was_taken_in_twice_is_found(history: History) -> None:
    history.arrives("SM1:sent")
    history.arrives("SM1:sent", NOON + minutes(1))
    assert history.found() == {"events_repeated": 1}


def test_the_database_forbids_one_event_key_twice(history: History) -> None:
    history.arrives("SM1:sent")
    known = EventKey.objects.get()
    with pytest.raises(IntegrityError, match="event_key_once"), transaction.atomic():
        EventKey.objects.create(
            source=known.source, source_id=known.source_id, key=known.key, received_at=known.received_at
        )


def test_an_acknowledged_event_that_is_gone_is_found(history: History) -> None:
    history.arrives("SM1:sent")
    WebhookEvent.objects.all().delete()
    assert history.found() == {"events_lost": 1}


def test_an_event_of_last_month_may_be_gone(history: History) -> None:
    history.arrives("SM1:sent", NOON - minutes(60 * 24 * 31))
    WebhookEvent.objects.all().delete()
    assert history.found() == {}


def test_an_applied_message_that_no_conversation_has_is_found(history: History) -> None:
    word = history.says(provider_id="SMa")
    history.decides(word)
    history.arrives("SMa", kind="inbound")
    assert history.found() == {}
    history.arrives("SMb", kind="inbound")
    assert history.found() == {"events_without_message": 1}


def test_a_message_beyond_its_conversations_count_is_found(history: History) -> None:
    history.sends()
    Message.objects.update(seq=99)
    assert history.found() == {"positions_beyond_seq": 1}


def test_the_database_forbids_one_position_twice(history: History) -> None:
    history.sends(position=1)
    with pytest.raises(IntegrityError, match="message_position_once"), transaction.atomic():
        history.sends(position=1)


def test_without_its_guard_one_position_twice_is_found(history: History) -> None:
    history.without("messaging_message", "message_position_once")
    history.sends(NOON)
    history.sends(NOON + minutes(1), position=1)
    assert history.found() == {"positions_twice": 1, "missing_guards": 1}
