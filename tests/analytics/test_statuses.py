"""Statuses: each check finds the violation that is planted, and that one alone."""

import pytest
from django.db import IntegrityError, transaction

from messaging.models import Message
from tests.analytics.history import NOON, History, minutes, seconds


@pytest.mark.parametrize("status", ["accepted", "sent", "delivered"])
def test_a_message_that_was_read_and_is_not_any_more_is_found(history: History, status: str) -> None:
    message = history.sends()
    times = {"delivered_at": NOON + minutes(1), "read_at": NOON + minutes(2)}
    Message.objects.filter(pk=message.pk).update(status=status, **times)
    assert history.found() == {"statuses_backwards": 1}


def test_a_message_that_was_delivered_and_then_failed_is_found(history: History) -> None:
    message = history.sends()
    Message.objects.filter(pk=message.pk).update(status="failed", delivered_at=NOON + minutes(1))
    assert history.found() == {"statuses_backwards": 1}


def test_a_message_that_was_read_without_a_report_of_its_delivery_is_none(history: History) -> None:
    message = history.sends()
    Message.objects.filter(pk=message.pk).update(status="read", read_at=NOON + minutes(1))
    assert history.found() == {}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "delivered"},
        {"status": "read"},
        {"provider_id": ""},
        {"sent_at": NOON - minutes(1)},
        {"status": "delivered", "delivered_at": NOON - minutes(1)},
        {"status": "read", "delivered_at": NOON + minutes(2), "read_at": NOON + minutes(1)},
        {"status": "received"},
    ],
    ids=str,
)
def test_an_impossible_status_is_found(history: History, changes: dict[str, object]) -> None:
    message = history.sends()
    Message.objects.filter(pk=message.pk).update(**changes)
    assert history.found() == {"statuses_impossible": 1}


def test_instants_that_two_clocks_read_a_little_apart_are_possible(history: History) -> None:
    message = history.sends()
    Message.objects.filter(pk=message.pk).update(status="delivered", delivered_at=NOON - seconds(2))
    assert history.found() == {}


def test_the_database_forbids_a_status_of_ours_on_a_customers_words(history: History) -> None:
    word = history.says()
    with pytest.raises(IntegrityError, match="message_direction_has_its_fields"), transaction.atomic():
        Message.objects.filter(pk=word.pk).update(status="read")
