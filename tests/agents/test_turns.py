"""Turns: one at a time, by leases; a worker that outlives its own changes nothing any more."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from agents.coordinator import grant_floor, resolve_conversation
from agents.models import Turn
from agents.models.framework import Agent
from agents.primary import turns
from agents.primary.actions import act_on
from agents.primary.policy import Decision, Step
from agents.reasoning.ports import Analysis, Question
from crm.services.consent import is_opted_out
from messaging.floor import Grant
from messaging.models.messages import MessageStatus
from messaging.services.inbox import apply_one_due_event
from project.kernel.scope import across_workspaces, workspace_scope
from tests.journeys.world import World


def open_turn(world: World, text: str = "What does it cost?") -> Turn:
    """A worker has claimed the turn and is thinking."""
    world.davi_writes(text)
    apply_one_due_event(world.now)
    with across_workspaces(), transaction.atomic():
        turn = turns._open(world.now)
    assert turn is not None
    return turn


def floor_for(world: World) -> Grant:
    grant = grant_floor(conversation=world.conversation, agent=Agent.PRIMARY, reason="to answer", now=world.now)
    assert isinstance(grant, Grant)
    return grant


def end_leases(world: World) -> None:
    """The worker slept: its turn and its floor have run out."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE agents_turn SET claimed_until = clock_timestamp() - interval '1 minute'")
        cursor.execute("UPDATE messaging_floor SET expires_at = clock_timestamp() - interval '1 minute'")


REPLY = Decision(Step.REPLY, "asked a question", text="It costs 10.")


def test_a_worker_that_slept_past_its_lease_leaves_the_answer_to_the_one_who_took_over(world: World) -> None:
    sleeper = open_turn(world)
    with workspace_scope(world.acme):
        stale = floor_for(world)
    end_leases(world)
    world.settle()
    with workspace_scope(world.acme):
        act_on(sleeper, REPLY, grant=stale, analysis=None, now=world.now)
    world.settle()
    assert len(world.heard()) == 1
    assert "It costs 10." not in world.heard()
    assert len(world.trail("turn.decided")) == 1


def test_a_worker_that_wakes_while_another_thinks_does_not_use_up_its_answer(world: World) -> None:
    sleeper = open_turn(world)
    with workspace_scope(world.acme):
        stale = floor_for(world)
        end_leases(world)
        with across_workspaces(), transaction.atomic():
            taken = turns._retake(world.now)
        assert taken is not None
        fresh = floor_for(world)
        act_on(sleeper, Decision(Step.REPLY, "stale", text="stale"), grant=stale, analysis=None, now=world.now)
        act_on(taken, REPLY, grant=fresh, analysis=None, now=world.now)
    world.settle()
    assert world.heard() == ["It costs 10."]


def test_a_turn_that_another_finished_is_not_opened_again(world: World) -> None:
    sleeper = open_turn(world)
    with workspace_scope(world.acme):
        grant = floor_for(world)
        act_on(sleeper, REPLY, grant=grant, analysis=None, now=world.now)
        turns._wait(sleeper, world.now, for_seat=False)
        turns._rest_or_park(sleeper, RuntimeError("late"), world.now)
        assert Turn.objects.get().state == "done"


def test_a_turn_waits_for_our_own_words_and_says_so_once(world: World) -> None:
    world.twilio.fault("503_html")
    world.davi_says("Hello")
    [first] = world.messages(direction="out")
    assert first.status == MessageStatus.UNKNOWN
    world.davi_says("Hello?")
    for _ in range(5):
        world.wait(seconds=1)
    with workspace_scope(world.acme):
        assert Turn.objects.filter(state="waiting").count() == 1
    assert len(world.trail("agent.agent_conflict")) <= 1


@pytest.fixture
def all_seats_taken(settings: Any) -> Iterator[None]:
    """As behind a model that hangs. Whoever asked this one would hear that it is unreachable."""
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    settings.REASONING_BUDGET_SECONDS = 8.0
    taken = 0
    while turns._thinking.acquire(blocking=False):
        taken += 1
    yield
    for _ in range(taken):
        turns._thinking.release()


@pytest.mark.usefixtures("all_seats_taken")
def test_who_finds_no_seat_is_answered_without_a_model_when_the_budget_is_spent(world: World) -> None:
    world.davi_says("What does it cost?")
    world.wait(seconds=6)
    assert world.heard() == []
    world.wait(seconds=2)
    assert len(world.heard()) == 1
    [decided] = world.trail("turn.decided")
    assert (decided.facts["tier"], decided.facts["fallback"]) == ("offline", "timeout")


@pytest.mark.usefixtures("all_seats_taken")
def test_a_seat_that_is_free_late_leaves_only_the_rest_of_the_budget(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    budgets = []
    think = turns.analyse

    def noted(question: Question, **kwargs: Any) -> Analysis:
        budgets.append(kwargs["budget_seconds"])
        return think(question, settings=None, budget_seconds=kwargs["budget_seconds"])

    monkeypatch.setattr(turns, "analyse", noted)
    world.davi_says("What does it cost?")
    turns._thinking.release()
    try:
        world.wait(seconds=3)
    finally:
        turns._thinking.acquire()
    assert budgets == [5.0]


def test_a_resolved_conversation_is_not_answered_by_a_turn_that_waited(world: World) -> None:
    open_turn(world)
    with workspace_scope(world.acme):
        resolve_conversation(conversation=world.conversation, user=world.bruno, now=world.now)
    end_leases(world)
    world.settle()
    assert world.heard() == []
    assert "resolved" in world.trail("turn.decided")[-1].reason


def test_five_failures_ask_for_a_person(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("the analyst is gone")

    monkeypatch.setattr(turns, "analyse", broken)
    world.davi_says("What does it cost?")
    for _ in range(5):
        world.wait(minutes=3)
    assert world.handover.trigger == "agent_failure"
    with workspace_scope(world.acme):
        assert Turn.objects.get().state == "parked"
    assert len(world.trail("turn.failed")) == 4


def test_stop_said_twice_does_not_silence_what_comes_later(world: World) -> None:
    world.davi_says("Hello")
    world.davi_says("STOP")
    world.davi_says("stop")
    heard = len(world.heard())
    world.wait(seconds=5)
    world.davi_says("Actually, what are your prices?")
    assert len(world.heard()) == heard + 1
    assert world.trail("turn.decided")[-1].facts["step"] == "reply"


def test_the_opt_out_is_confirmed_although_more_is_typed_behind_it(world: World) -> None:
    world.davi_says("Hello")
    world.davi_writes("STOP")
    apply_one_due_event(world.now)
    turns.take_one_due_turn(world.now)
    world.now += timedelta(seconds=1)
    world.davi_says("thanks")
    assert any("no more messages" in text for text in world.heard())
    with workspace_scope(world.acme):
        assert is_opted_out(world.conversation.lead_id, "whatsapp_twilio", "marketing")


def test_the_opt_out_is_confirmed_although_a_reply_is_still_waiting(world: World) -> None:
    for text in ("Hello", "STOP"):
        world.davi_writes(text)
        apply_one_due_event(world.now)
        turns.take_one_due_turn(world.now)
    world.settle()
    assert len(world.heard()) == 1
    assert "no more messages" in world.heard()[0]


def test_opting_in_again_is_welcomed(world: World) -> None:
    world.davi_says("Hello")
    world.davi_says("STOP")
    world.davi_says("START")
    assert "Welcome back" in world.heard()[-1]
    with workspace_scope(world.acme):
        assert not is_opted_out(world.conversation.lead_id, "whatsapp_twilio", "marketing")


def test_a_message_without_words_is_answered_or_left_with_a_reason(world: World) -> None:
    world.davi_says("")
    assert world.trail("turn.decided")[-1].reason
    assert world.messages(direction="in")[0].body == ""
