"""A provider that does not answer is left alone for a while, and then tried with one message."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from agents.models import StaffAlert
from messaging.models import Attempt, Breaker, Channel, Message
from messaging.services import dispatch
from messaging.services.breakers import FAILURES_TO_REST, FIRST_REST_SECONDS, LONGEST_REST_SECONDS
from project.kernel.scope import across_workspaces, workspace_scope
from tests.concurrency.threads import at_once
from tests.doubles.server import Answer, Request
from tests.doubles.twilio import CallbackPlan, TwilioDouble
from tests.journeys.world import World


def write(world: World, count: int, *, first: int = 0) -> None:
    """So many customers write, and are due an answer."""
    for number in range(first, first + count):
        world.davi_writes("Hello", phone=f"+55119000000{number:02}")


def breaker(world: World) -> Breaker:
    with workspace_scope(world.acme):
        return Breaker.objects.get()


def attempts(world: World) -> int:
    with workspace_scope(world.acme):
        return Attempt.objects.count()


@pytest.fixture
def silent(world: World) -> World:
    """Nobody listens at the provider's address any more."""
    with workspace_scope(world.acme):
        channel = Channel.objects.get()
        channel.settings["api_base"] = "http://127.0.0.1:1"
        channel.save()
    write(world, FAILURES_TO_REST + 3)
    world.settle()
    return world


def answer_again(world: World) -> None:
    with workspace_scope(world.acme):
        channel = Channel.objects.get()
        channel.settings["api_base"] = world.twilio.url
        channel.save()


def test_after_some_silence_in_a_row_nothing_is_tried(silent: World) -> None:
    assert attempts(silent) == FAILURES_TO_REST
    assert breaker(silent).rests_until == silent.now + timedelta(seconds=FIRST_REST_SECONDS)
    silent.wait(seconds=FIRST_REST_SECONDS - 1)
    assert attempts(silent) == FAILURES_TO_REST


def test_messages_say_why_they_wait_and_the_trail_says_it_once(silent: World) -> None:
    write(silent, 2, first=20)
    silent.settle()
    waiting = silent.messages(status="queued", attempts_made=0)
    assert len(waiting) == 5
    assert {message.verdict["code"] for message in waiting} == {"provider_silent"}
    assert all("does not answer" in message.verdict["reason"] for message in waiting)
    assert len(silent.trail("sending.rested")) == 1


def test_one_probe_goes_and_its_answer_lets_everything_leave(silent: World) -> None:
    answer_again(silent)
    silent.wait(seconds=FIRST_REST_SECONDS)
    assert len(silent.heard()) == FAILURES_TO_REST + 3
    assert (breaker(silent).rests, breaker(silent).failures) == (0, 0)
    assert len(silent.trail("sending.resumed")) == 1


def test_a_refusal_is_an_answer(silent: World) -> None:
    answer_again(silent)
    silent.twilio.fault("error", code=21614)
    silent.wait(seconds=FIRST_REST_SECONDS)
    assert breaker(silent).rests == 0
    assert len(silent.heard()) == FAILURES_TO_REST + 2


def test_each_silent_probe_makes_the_rest_longer_and_spends_one_attempt(silent: World) -> None:
    rests = []
    for number in range(7):
        silent.now = breaker(silent).rests_until
        silent.settle()
        rests.append((breaker(silent).rests_until - silent.now).total_seconds())
        assert attempts(silent) == FAILURES_TO_REST + 1 + number
    assert rests == [20, 40, 80, 160, LONGEST_REST_SECONDS, LONGEST_REST_SECONDS, LONGEST_REST_SECONDS]
    with workspace_scope(silent.acme):
        assert not Message.objects.filter(status="failed").exists()


def test_an_answer_in_between_starts_the_count_again(world: World) -> None:
    for _ in range(3):
        world.twilio.fault("reset", times=FAILURES_TO_REST - 1)
        write(world, FAILURES_TO_REST, first=attempts(world))
        world.settle()
    assert breaker(world).rests == 0


def test_the_operators_are_told_once(silent: World) -> None:
    for _ in range(4):
        silent.now = breaker(silent).rests_until
        silent.settle()
    with workspace_scope(silent.acme):
        [alert] = StaffAlert.objects.filter(subject__contains="does not answer")
    assert alert.user.email == "ana@acme.test"


def test_other_channels_go_on(silent: World) -> None:
    from messaging.services.channels import create_channel

    with workspace_scope(silent.acme):
        chat = create_channel(workspace=silent.acme, kind="webchat", name="Chat", values={}, now=silent.now)
        Message.objects.filter(status="queued", attempts_made=0).update(channel=chat)
    silent.wait(seconds=FIRST_REST_SECONDS + 1)
    assert {message.status for message in silent.messages(direction="out", channel=chat)} == {"accepted"}


def test_what_a_dead_probe_leaves_is_tried_again(silent: World) -> None:
    answer_again(silent)
    silent.now += timedelta(seconds=FIRST_REST_SECONDS)
    found, call = dispatch._claim(silent.now, dispatch.monotonic())
    assert found and call is not None  # and its process dies
    silent.settle()
    assert silent.heard() == []
    silent.wait(seconds=31)
    assert len(silent.heard()) >= FAILURES_TO_REST + 2


class Holding(TwilioDouble):
    """Answers nobody until it is let go."""

    def __init__(self) -> None:
        super().__init__(plan=CallbackPlan.never())
        self.asked = 0
        self.let_go = threading.Event()

    def answer(self, request: Request) -> Answer:
        self.asked += 1
        self.let_go.wait(5)
        return super().answer(request)


@pytest.fixture
def crowd(transactional_db: None) -> Iterator[World]:
    with Holding() as twilio:
        yield World(twilio, datetime.now(UTC))


def test_eight_workers_send_exactly_one_probe(crowd: World) -> None:
    write(crowd, 12)
    with workspace_scope(crowd.acme):
        channel = Channel.objects.get()
        Breaker.objects.create(
            workspace=crowd.acme, channel=channel, failures=5, rests=1, rests_until=crowd.now - timedelta(seconds=1)
        )
    from agents.primary import turns
    from messaging.services.inbox import apply_one_due_event
    from project.kernel.due import drain

    for sweeper in (apply_one_due_event, turns.take_one_due_turn):
        drain(sweeper, clock=lambda: crowd.now)
    double, gone = crowd.twilio, threading.Semaphore(0)
    assert isinstance(double, Holding)

    def look() -> None:
        for _ in range(3):
            dispatch.send_one_due_message(crowd.now)
        gone.release()

    def count() -> int:
        for _ in range(7):
            gone.acquire(timeout=4)
        asked = double.asked
        double.let_go.set()
        return asked

    assert at_once(count, *[look] * 8)[0] == 1
    with across_workspaces():
        assert Attempt.objects.filter(number=1).order_by("pk").first().state == "accepted"
        assert Breaker.objects.get().rests == 0
