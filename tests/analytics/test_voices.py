"""One voice: each check finds the violation that is planted, and that one alone."""

import pytest
from django.db import IntegrityError, transaction

from messaging.models import Floor
from tests.analytics.history import NOON, History, minutes, seconds


def test_a_history_as_it_should_be_is_clean(history: History) -> None:
    word = history.says()
    history.decides(word)
    first = history.sends(NOON + seconds(2), answers=word)
    history.sends(first.at + seconds(1.5))
    assert history.found() == {}


def test_calls_that_overlap_are_found(history: History) -> None:
    first = history.sends(status="suppressed")
    history.calls(first, NOON, settled_at=NOON + seconds(5))
    second = history.sends(status="suppressed")
    history.calls(second, NOON + seconds(3))
    assert history.found()["overlapping_voices"] == 1


def test_an_overlap_that_only_a_skewed_clock_shows_is_none(history: History) -> None:
    """The second process's clock is 90 seconds slow; PostgreSQL's shows that it began after the first had ended."""
    history.sends(NOON)
    late = history.sends(NOON + seconds(2), status="suppressed")
    history.calls(late, NOON + seconds(0.5), deadline_at=NOON + seconds(32))
    assert "overlapping_voices" not in history.found()


def test_the_database_forbids_two_open_attempts(history: History) -> None:
    history.calls(history.sends(status="unknown"), NOON, state="unknown")
    with pytest.raises(IntegrityError, match="attempt_one_open"), transaction.atomic():
        history.calls(history.sends(status="sending"), NOON + minutes(1), state="calling")


def test_without_its_guard_two_open_attempts_are_found(history: History) -> None:
    history.without("messaging_attempt", "attempt_one_open")
    at = history.now - seconds(40)
    for _ in range(2):
        history.calls(history.sends(at, status="unknown"), at, state="unknown")
    assert history.found() == {"two_open_attempts": 1, "overlapping_voices": 1, "missing_guards": 1}


def test_an_attempt_under_an_older_epoch_than_the_one_before_is_found(history: History) -> None:
    history.sends(NOON)
    history.sends(NOON + minutes(1), epoch=9)
    assert history.found() == {"stale_epochs": 1}


def test_an_attempt_under_the_epoch_before_the_floors_last_change_is_found(history: History) -> None:
    Floor.objects.update(epoch=11, changed_at=NOON)
    history.sends(NOON + minutes(1), epoch=10)
    assert history.found() == {"stale_epochs": 1}


def test_an_attempt_before_the_floor_changed_hands_is_not_stale(history: History) -> None:
    history.sends(NOON)
    Floor.objects.update(epoch=11, changed_at=NOON + seconds(1))
    assert history.found() == {}


def test_a_persons_words_may_leave_after_they_returned_the_conversation(history: History) -> None:
    history.sends(NOON, epoch=10)
    Floor.objects.update(epoch=11, changed_at=NOON)
    history.sends(NOON + minutes(1), epoch=9, voice="human")
    assert history.found() == {}


def test_an_epoch_that_nobody_was_granted_is_found(history: History) -> None:
    history.sends(epoch=11)
    assert history.found() == {"ungranted_epochs": 1}


def test_words_of_the_ai_after_a_take_over_are_found(history: History) -> None:
    history.tells("floor.taken_over", NOON, epoch=10)
    Floor.objects.update(epoch=9)  # what the floor itself would tell is gone: it has been overwritten
    history.sends(NOON + minutes(1), epoch=9)
    assert history.found() == {"words_after_take_over": 1}


def test_words_in_flight_at_a_take_over_are_none(history: History) -> None:
    history.sends(NOON - seconds(1), epoch=9)
    history.tells("floor.taken_over", NOON, epoch=10)
    Floor.objects.update(changed_at=NOON)
    history.sends(NOON + minutes(1), voice="human", epoch=10)
    assert history.found() == {}


def test_a_person_who_should_have_given_the_floor_back_is_found(history: History) -> None:
    Floor.objects.update(holder="human", user=history.cast.bruno, priority=1, returns_at=history.now - minutes(2))
    assert history.found() == {"missed_returns": 1}


def test_a_floor_forgotten_by_an_agent_is_a_note(history: History) -> None:
    Floor.objects.update(holder="primary", priority=2, expires_at=NOON - minutes(90))
    assert history.found() == {"floors_left_held": 1}
