"""The main job while the world misbehaves: lost answers, slow models, dead workers, everybody at once."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random

import pytest
from django.db import connection, connections

from agents import coordinator
from agents.primary import turns
from handover.services.policies import set_minutes
from messaging.models import Attempt, Conversation, Message, WebhookEvent
from project.kernel.scope import across_workspaces, workspace_scope
from tests.journeys.world import SWEEPERS, World, small_world

HUMAN = "I want to talk to a human about my contract"


def test_a_take_over_during_the_thinking_leaves_no_word_of_the_ai(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    think = turns.analyse

    def slowly(*args: object, **kwargs: object) -> object:
        world.bruno_takes_over()
        return think(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(turns, "analyse", slowly)
    world.davi_says("What does it cost?")
    assert world.heard() == []
    [kept] = world.messages(direction="out")
    assert (kept.status, kept.verdict["code"]) == ("suppressed", "taken_over")
    assert kept.body


def test_a_person_who_takes_over_during_the_thinking_need_not_be_asked_for(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    think = turns.analyse

    def slowly(*args: object, **kwargs: object) -> object:
        world.bruno_takes_over()
        return think(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(turns, "analyse", slowly)
    world.davi_says(HUMAN)
    assert world.handover is None


def test_words_that_come_during_the_thinking_are_answered_together(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    think = turns.analyse
    asked: list[str] = []

    def slowly(question: object, **kwargs: object) -> object:
        asked.append(question.text)  # type: ignore[attr-defined]
        if len(asked) == 1:
            world.now = world.now.replace(second=world.now.second + 1)
            world.davi_writes("And how long does it take?")
            SWEEPERS[0](world.now)
        return think(question, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(turns, "analyse", slowly)
    world.davi_says("What does it cost?")
    assert len(world.heard()) == 1
    assert asked[-1] == "What does it cost?\nAnd how long does it take?"


def test_a_worker_that_dies_while_thinking_costs_one_lease_and_no_answer(world: World) -> None:
    world.davi_writes("What does it cost?")
    SWEEPERS[0](world.now)
    with across_workspaces():
        assert turns._open(world.now) is not None  # and the worker is gone
    world.settle()
    assert world.heard() == []
    with connection.cursor() as cursor:
        cursor.execute("UPDATE agents_turn SET claimed_until = clock_timestamp() - interval '1 second'")
    world.settle()
    assert len(world.heard()) == 1


def test_the_ladder_goes_on_after_the_acknowledgement_failed(world: World) -> None:
    world.twilio.fault("error", code=63016)
    world.davi_says(HUMAN)
    assert world.heard() == []
    world.wait(minutes=15)
    world.wait(minutes=15)
    assert "Still here for you" in world.heard()[-1]


def test_an_hour_of_refusals_still_ends_in_a_callback(world: World) -> None:
    world.twilio.fault("429", times=1000)
    world.davi_says(HUMAN)
    for _ in range(61):
        world.wait(minutes=1)
    assert world.heard() == []
    assert world.handover.state == "callback"
    assert set(world.steps().values()) == {"fired"}


@pytest.mark.parametrize("end", ["answer", "resolve"])
def test_an_end_in_the_same_moment_as_a_rung_wins(world: World, end: str) -> None:
    """The rows are the truth: the rung looks at them under the lock, whether or not the news has arrived."""
    world.davi_says(HUMAN)
    heard = len(world.heard())
    world.now = world.handover.requested_at.replace(minute=30)
    with workspace_scope(world.acme):
        if end == "answer":
            coordinator.send_as_person(conversation=world.conversation, user=world.bruno, body="Here", now=world.now)
        else:
            coordinator.resolve_conversation(conversation=world.conversation, user=world.bruno, now=world.now)
    from handover.services import ladder

    while ladder.climb_one_due_step(world.now):
        pass
    world.settle()
    assert "fired" not in world.steps().values()
    assert len(world.heard()) == heard + (end == "answer")


def test_ten_media_and_nothing_else_reach_the_thread(world: World) -> None:
    media = tuple((f"https://api.twilio.com/media/{number}", "image/jpeg") for number in range(10))
    world.davi_says("", media=media, message_type="image")
    [message] = world.messages(direction="in")
    assert len(message.media) == 10
    assert world.conversation.last_preview
    assert world.trail("turn.decided")


@pytest.mark.django_db(transaction=True)
def test_everybody_at_once_repeats_nothing_loses_nothing_and_never_deadlocks() -> None:
    """Customers, people and twelve workers on three conversations; the lock order is what is tried here."""
    with small_world(datetime.now(UTC)) as world:
        with workspace_scope(world.acme):
            set_minutes(workspace=world.acme, minutes=[0.01, 0.02, 0.03, 0.05], now=world.now)
        crowd = Crowd(world, seconds=5)
        crowd.run()
        assert crowd.errors == Counter()
        assert crowd.written > 20
        with across_workspaces():
            assert WebhookEvent.objects.filter(state="applied").count() == crowd.written
            assert not Attempt.objects.exclude(state="accepted").exists()
            booked = Counter(message.sid for message in world.twilio.messages())
            assert Message.objects.filter(direction="out", status="accepted").count() == len(booked)
        said = Counter(message.body for message in world.twilio.messages() if message.body.startswith("Bruno "))
        assert all(times == 1 for times in said.values())


class Crowd:
    PHONES = ("+5511987650001", "+5511987650002", "+5511987650003")
    WORDS = ("Hello", HUMAN, "What does it cost?", "STOP", "START", "This is terrible!")

    def __init__(self, world: World, seconds: float) -> None:
        self.world, self.ends = world, time.monotonic() + seconds
        self.errors: Counter[str] = Counter()
        self.written = 0

    def run(self) -> None:
        roles = [self.customers, self.people, self.people, *(self.worker(sweeper) for sweeper in SWEEPERS[:6] * 2)]
        threads = [threading.Thread(target=self.guarded, args=(role, seed)) for seed, role in enumerate(roles)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.world.now = datetime.now(UTC)
        self.world.settle()

    def guarded(self, role: Callable[[Random], None], seed: int) -> None:
        chance = Random(seed)
        while time.monotonic() < self.ends:
            try:
                role(chance)
            except Exception as error:
                self.errors[f"{type(error).__name__}: {error}"] += 1
        connections.close_all()

    def customers(self, chance: Random) -> None:
        self.world.now = datetime.now(UTC)
        self.world.davi_writes(chance.choice(self.WORDS), phone=chance.choice(self.PHONES))
        self.written += 1
        time.sleep(chance.random() * 0.1)

    def people(self, chance: Random) -> None:
        with workspace_scope(self.world.acme):
            known = list(Conversation.objects.all())
            if known:
                self.act(chance, chance.choice(known))
        time.sleep(chance.random() * 0.2)

    def act(self, chance: Random, conversation: Conversation) -> None:
        bruno, now = self.world.bruno, datetime.now(UTC)
        match chance.choice(["say", "say", "take", "return", "resolve"]):
            case "say":
                words = f"Bruno {chance.random()}"
                coordinator.send_as_person(conversation=conversation, user=bruno, body=words, now=now, key=words)
            case "take":
                coordinator.take_over(conversation=conversation, user=bruno, now=now)
            case "return":
                coordinator.return_to_ai(conversation=conversation, user=bruno, reason="done", now=now)
            case "resolve":
                coordinator.resolve_conversation(conversation=conversation, user=bruno, now=now)

    def worker(self, sweeper: Callable[[datetime], bool]) -> Callable[[Random], None]:
        def work(chance: Random) -> None:
            if not sweeper(datetime.now(UTC)):
                time.sleep(0.03)

        return work
