"""The guards of turns, handovers and bookings, each first off: one turn, one ladder, each rung and each call once."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import IntegrityError
from django.utils import timezone

from agents.models import Turn
from agents.primary import turns
from crm.models import TrailEntry
from crm.models.people import IdentityKind
from handover.models import Booking, Handover, LadderStep
from handover.models.handovers import StepState
from handover.services import handovers, ladder
from handover.services.bookings import record_booking
from handover.services.handovers import request_handover
from handover.services.policies import policy_of
from messaging.models import Conversation
from messaging.services.receiving import receive_message
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import DAVIS_PHONE
from tests.concurrency.guards import without
from tests.concurrency.overtaking import in_one_transaction, overtake, without_clause, without_conversation_lock
from tests.properties.stage import Stage

# -- turn_one_open, and the lock before it ---------------------------------------------------------------------------


def open_turn_twice_at_once(stage: Stage) -> tuple[Any, Any]:
    receive_message(
        channel=stage.channel,
        identities=[(IdentityKind.PHONE, DAVIS_PHONE)],
        address=f"whatsapp:{DAVIS_PHONE}",
        provider_id="SM1",
        body="Hello",
        at=stage.clock.now,
        now=stage.clock.now,
    )
    stage.clock.advance(60)

    def take() -> Turn | None:
        with across_workspaces():
            return turns._open(stage.clock.now)

    work = in_one_transaction(take)
    return overtake(work, work, asleep_before=(Conversation, "save"))


def without_turn_lock() -> Any:
    return without_clause(turns, "_LOCK_NEXT_TO_ANSWER", "FOR NO KEY UPDATE SKIP LOCKED")


def test_without_lock_and_index_two_turns_answer_one_customer(stage: Stage, davi: Conversation) -> None:
    with without("turn_one_open"), without_turn_lock():
        open_turn_twice_at_once(stage)
        assert Turn.objects.filter(state="taken").count() == 2


def test_the_index_alone_refuses_the_second_turn(stage: Stage, davi: Conversation) -> None:
    with without_turn_lock():
        slow, _ = open_turn_twice_at_once(stage)
    assert isinstance(slow, IntegrityError)
    assert Turn.objects.count() == 1


def test_a_customer_has_one_turn_at_a_time(stage: Stage, davi: Conversation) -> None:
    slow, fast = open_turn_twice_at_once(stage)
    assert (Turn.objects.get(), fast) == (slow, None)


# -- handover_one_open, and the lock before it -----------------------------------------------------------------------


def ask(stage: Stage, davi: Conversation) -> Handover:
    with workspace_scope(stage.workspace):
        return request_handover(
            conversation=davi,
            trigger="explicit_request",
            reason="The customer asked for a person.",
            request="A person, please",
            urgency="normal",
            requested_by=None,
            now=stage.clock.now,
        )


def ask_twice_at_once(stage: Stage, davi: Conversation) -> tuple[Any, Any]:
    work = partial(ask, stage, davi)
    return overtake(work, work, asleep_before=(handovers, "policy_of"))


def test_without_lock_and_index_two_ladders_run_for_one_customer(stage: Stage, davi: Conversation) -> None:
    with without("handover_one_open"), without_conversation_lock():
        ask_twice_at_once(stage, davi)
        assert Handover.objects.filter(state="waiting").count() == 2


def test_the_index_alone_refuses_the_second_ladder(stage: Stage, davi: Conversation) -> None:
    with without_conversation_lock():
        slow, fast = ask_twice_at_once(stage, davi)
    assert isinstance(slow, IntegrityError)
    assert Handover.objects.get() == fast


def test_who_asks_twice_at_once_waits_once(stage: Stage, davi: Conversation) -> None:
    slow, fast = ask_twice_at_once(stage, davi)
    assert Handover.objects.get() == slow == fast


# -- ladder_step_once ------------------------------------------------------------------------------------------------


def test_without_the_constraint_a_ladder_gets_its_rungs_twice(stage: Stage, davi: Conversation) -> None:
    with without("ladder_step_once"):
        handover = ask(stage, davi)
        handovers._set_up_ladder(handover, policy_of(stage.workspace))
        assert LadderStep.objects.filter(handover=handover).count() == 8


def test_a_ladder_has_each_rung_once(stage: Stage, davi: Conversation) -> None:
    handover = ask(stage, davi)
    with pytest.raises(IntegrityError, match="ladder_step_once"):
        handovers._set_up_ladder(handover, policy_of(stage.workspace))
    assert LadderStep.objects.filter(handover=handover).count() == 4


# -- the step is read again under the lock ---------------------------------------------------------------------------


def climb_again_after_another_did(stage: Stage, davi: Conversation) -> int:
    """A climber claims a step and sleeps; its lease runs out, another climbs. How often the step happened."""
    ask(stage, davi)
    stage.clock.advance(15 * 60)
    sleeper, other = stage.processes
    sleeper.begin(lambda: ladder.climb_one_due_step(stage.clock.now))
    stage.clock.advance(6)
    other.begin(lambda: ladder.climb_one_due_step(stage.clock.now))
    other.finish()
    sleeper.finish()
    return TrailEntry.objects.filter(kind="ladder.fired").count()


def test_without_a_second_look_a_step_happens_twice(
    stage: Stage, davi: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = ladder._ready

    def look_badly(step_id: int, *more: Any) -> LadderStep | None:
        step = LadderStep.objects.select_related("handover__lead", "handover__workspace", "workspace").get(pk=step_id)
        return step if step.state != StepState.PENDING else look(step_id, *more)

    monkeypatch.setattr(ladder, "_ready", look_badly)
    assert climb_again_after_another_did(stage, davi) == 2


def test_a_step_that_another_climbed_happens_once(stage: Stage, davi: Conversation) -> None:
    assert climb_again_after_another_did(stage, davi) == 1


def climb_after_another_put_it_off(stage: Stage, davi: Conversation) -> int:
    """A climber claims a step and sleeps; its lease runs out, another puts the step off. How often it happened."""
    ask(stage, davi)
    stage.clock.advance(15 * 60)
    sleeper, _ = stage.processes
    sleeper.begin(lambda: ladder.climb_one_due_step(stage.clock.now))
    stage.clock.advance(6)
    with workspace_scope(stage.workspace):
        ladder.postpone(LadderStep.objects.get(rung="alert"), stage.clock.now)
    sleeper.finish()
    return TrailEntry.objects.filter(kind="ladder.fired").count()


def test_without_a_look_at_its_time_a_step_that_was_put_off_happens_early(
    stage: Stage, davi: Conversation, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = ladder._ready
    later = stage.clock.now + timedelta(minutes=16)
    monkeypatch.setattr(ladder, "_ready", lambda step_id, conversation, now: look(step_id, conversation, later))
    assert climb_after_another_put_it_off(stage, davi) == 1


def test_a_step_that_another_put_off_waits_for_its_time(stage: Stage, davi: Conversation) -> None:
    assert climb_after_another_put_it_off(stage, davi) == 0


# -- a booking link is used once, a booking counts once --------------------------------------------------------------


def book_twice_at_once(stage: Stage, davi: Conversation) -> int:
    """The customer's browser sends the form twice. How often the team hears that a call is booked."""
    Booking.objects.create(
        workspace=stage.workspace, lead=davi.lead, token="a token", url="https://acme.test", offered_at=stage.clock.now
    )

    def book() -> Booking:
        with workspace_scope(stage.workspace):
            return record_booking(token="a token", starts_at=stage.clock.now, now=stage.clock.now)

    overtake(book, book, asleep_before=(Booking, "save"))
    return TrailEntry.objects.filter(kind__startswith="booking.").count()


def test_without_the_lock_one_link_books_twice(stage: Stage, davi: Conversation) -> None:
    with without_conversation_lock():
        assert book_twice_at_once(stage, davi) == 2


def test_one_link_books_once(stage: Stage, davi: Conversation) -> None:
    assert book_twice_at_once(stage, davi) == 1


def test_no_two_links_have_one_token(stage: Stage, davi: Conversation) -> None:
    offer = partial(
        Booking.objects.create, workspace=stage.workspace, lead=davi.lead, token="a token", offered_at=timezone.now()
    )
    offer()
    with pytest.raises(IntegrityError):
        offer()
