"""No handover is abandoned: each check finds the violation that is planted, and that one alone."""

import pytest
from django.db import IntegrityError, transaction

from handover.models import Booking, Handover, LadderStep
from tests.analytics.history import NOON, RUNGS, History, minutes, seconds


def test_a_ladder_on_its_way_is_clean(history: History) -> None:
    history.asks_for_person()
    assert history.found() == {}


def test_an_open_callback_is_not_abandoned(history: History) -> None:
    handover = history.asks_for_person(NOON - minutes(120), state="callback")
    handover.steps.update(state="not_needed", done_at=NOON)
    assert history.found() == {}


def test_a_customer_who_waits_beyond_the_last_rung_is_abandoned(history: History) -> None:
    handover = history.asks_for_person(NOON - minutes(10))
    handover.steps.update(state="withheld", done_at=NOON)
    assert history.found() == {"abandoned_handovers": 1}


@pytest.mark.parametrize("state", ["answered", "booked", "resolved", "returned", "renewed"])
def test_an_end_that_nothing_shows_is_an_abandonment(history: History, state: str) -> None:
    history.asks_for_person(NOON, state=state)
    assert history.found() == {"abandoned_handovers": 1}


def test_an_end_that_is_true_is_none(history: History) -> None:
    history.asks_for_person(NOON, state="answered")
    history.sends(NOON + minutes(5), voice="human")
    history.asks_for_person(NOON + minutes(10), state="resolved")
    history.tells("conversation.resolved", NOON + minutes(15))
    history.asks_for_person(NOON + minutes(20), state="returned")
    history.reports(NOON + minutes(25), context={"event": "returned"})
    history.asks_for_person(NOON + minutes(30), state="booked")
    Booking.objects.create(**history.of_lead, url="x", offered_at=NOON, booked_at=NOON + minutes(35))
    history.asks_for_person(NOON + minutes(40), state="renewed")
    history.asks_for_person(NOON + minutes(45))
    assert history.found() == {}


def test_the_database_forbids_two_open_handovers(history: History) -> None:
    history.asks_for_person()
    with pytest.raises(IntegrityError, match="handover_one_open"), transaction.atomic():
        history.asks_for_person()


def test_without_its_guard_two_open_handovers_are_found(history: History) -> None:
    history.without("handover_handover", "handover_one_open")
    history.asks_for_person()
    history.asks_for_person()
    assert history.found() == {"two_open_handovers": 1, "missing_guards": 1}


def test_a_step_that_did_not_happen_is_found(history: History) -> None:
    history.asks_for_person(history.now - minutes(17))
    assert history.found() == {"overdue_steps": 1}


def test_a_step_left_pending_after_the_end_is_found(history: History) -> None:
    handover = history.asks_for_person(state="answered")
    history.sends(NOON + minutes(51), voice="human")
    handover.steps.filter(rung="resume").update(state="pending", done_at=None)
    assert history.found() == {"steps_left_pending": 1}


def test_a_ladder_without_one_of_its_steps_is_found(history: History) -> None:
    history.asks_for_person(rungs=("alert", "update", "resume"))
    assert history.found() == {"incomplete_ladders": 1}


def test_the_database_forbids_one_step_twice(history: History) -> None:
    handover = history.asks_for_person()
    with pytest.raises(IntegrityError, match="ladder_step_once"), transaction.atomic():
        LadderStep.objects.create(**history.of_workspace, handover=handover, rung="alert", due_at=NOON)


def test_a_step_that_happened_twice_is_found(history: History) -> None:
    handover = history.asks_for_person()
    for _ in range(2):
        history.tells("ladder.fired", handover=handover.pk, rung="alert")
    assert history.found() == {"repeated_steps": 1}


@pytest.mark.parametrize("end", ["handover.answered", "handover.ended"])
def test_a_step_after_the_end_is_found(history: History, end: str) -> None:
    handover = history.asks_for_person(NOON, state="answered")
    history.sends(NOON + minutes(5), voice="human")
    history.tells("ladder.fired", NOON + minutes(4), handover=handover.pk, rung="alert")
    history.tells(end, NOON + minutes(5), handover=handover.pk)
    assert history.found() == {}
    history.tells("ladder.fired", NOON + minutes(4), handover=handover.pk, rung="update")
    assert history.found() == {"steps_after_end": 1}


def test_a_step_after_the_last_one_is_found(history: History) -> None:
    handover = history.asks_for_person()
    history.tells("ladder.fired", handover=handover.pk, rung="resume")
    history.tells("ladder.fired", handover=handover.pk, rung="bridge")
    assert history.found() == {"steps_after_end": 1}


def test_a_step_that_was_given_up_is_found(history: History) -> None:
    handover = history.asks_for_person()
    handover.steps.filter(rung="alert").update(state="parked", done_at=NOON)
    assert history.found() == {"parked_steps": 1}


def test_a_late_step_is_a_note(history: History) -> None:
    handover = history.asks_for_person(history.now - minutes(20))
    handover.steps.filter(rung="alert").update(state="fired", done_at=history.now - minutes(5) + seconds(90))
    assert history.found() == {"late_steps": 1}


def test_the_trail_tells_what_the_policy_made_then(history: History) -> None:
    """After hours there is no update; whatever the policy became, three steps are right."""
    handover = history.asks_for_person(rungs=("alert", "bridge", "resume"))
    Handover.objects.filter(pk=handover.pk).update(after_hours=True)
    entry = history.cast.davi.trail.get(kind="handover.requested")
    entry.facts["steps"] = {rung: "then" for rung in RUNGS if rung != "update"}
    entry.save()
    assert history.found() == {}
