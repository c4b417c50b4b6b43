"""Several dispatchers, ladder workers and turn workers at once: each piece of work is done once, by one of them."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.db import transaction

from agents.coordinator import grant_floor, send_as_person
from agents.models import Turn
from agents.models.framework import Agent
from agents.primary import turns
from handover.services import ladder
from messaging.floor import Grant
from messaging.models import Conversation, Message
from messaging.models.messages import Voice
from messaging.services import dispatch
from messaging.services.conversations import lock_conversation
from messaging.services.inbox import apply_one_due_event
from messaging.services.outbound import queue_message
from project.kernel.scope import across_workspaces, workspace_scope
from tests.concurrency.threads import at_once
from tests.doubles.server import Answer, Request
from tests.doubles.twilio import CallbackPlan, TwilioDouble
from tests.journeys.world import World

WORKERS = 6
LEADS = 3
WORDS = 6
"""Of each lead."""
LOOKS = 20


class WatchedTwilio(TwilioDouble):
    """Takes its time over each creation and notes how many were under way for one recipient."""

    def __init__(self) -> None:
        super().__init__(plan=CallbackPlan.never())
        self.most_at_once: Counter[str] = Counter()
        self._under_way: Counter[str] = Counter()
        self._counting = threading.Lock()

    def answer(self, request: Request) -> Answer:
        to = dict(request.form()).get("To", "")
        with self._counting:
            self._under_way[to] += 1
            self.most_at_once[to] = max(self.most_at_once[to], self._under_way[to])
        try:
            time.sleep(0.03)
            return super().answer(request)
        finally:
            with self._counting:
                self._under_way[to] -= 1


@pytest.fixture
def twilio() -> "WatchedTwilio":
    with WatchedTwilio() as double:
        yield double


@pytest.fixture
def busy_world(transactional_db: None, twilio: WatchedTwilio) -> World:
    """Some customers with several words of one grant waiting for each."""
    from project.kernel import clock

    world = World(twilio, clock.now())
    for number in range(LEADS):
        world.davi_writes("Hello", phone=f"+551190000000{number}")
        apply_one_due_event(world.now)
    with workspace_scope(world.acme):
        for conversation in Conversation.objects.all():
            queue_words(world, conversation)
    return world


def queue_words(world: World, conversation: Conversation) -> None:
    grant = grant_floor(conversation=conversation, agent=Agent.PRIMARY, reason="a test", now=world.now)
    assert isinstance(grant, Grant)
    for number in range(WORDS):
        queue_message(
            conversation=conversation, voice=Voice.AI, body=f"Word {number}", intent_key=f"{conversation.pk}:{number}",
            grant=grant, now=world.now,
        )  # fmt: skip


def send_all(world: World, send_one: Callable[[World], bool]) -> None:
    """Until nothing waits; a worker that finds nothing while others send looks again."""
    while is_waiting():
        if not send_one(world):
            time.sleep(0.002)


def is_waiting() -> bool:
    with across_workspaces():
        return Message.objects.filter(status="queued").exists()


def send_as_designed(world: World) -> bool:
    return dispatch.send_one_due_message(world.now)


def send_naively(world: World) -> bool:
    """The guard off: take the next queued message, send it, write that it was sent."""
    with across_workspaces():
        message = Message.objects.filter(status="queued").order_by("priority", "due_at").first()
        if message is None:
            return False
        with workspace_scope(world.acme):
            window = message.conversation.windows.get()
            from messaging import transports
            from messaging.transports import Outgoing

            channel = message.channel
            transport = transports.transport_for(channel.kind, channel.settings, channel.secrets)
            receipt = transport.send(Outgoing(message_id=str(message.pk), to=window.address, body=message.body))
            Message.objects.filter(pk=message.pk).update(
                status="accepted", provider_id=receipt.provider_id, due_at=None
            )
    return True


def words_of(twilio: TwilioDouble) -> dict[str, list[str]]:
    heard: dict[str, list[str]] = {}
    for message in twilio.messages():
        heard.setdefault(message.to, []).append(message.body)
    return heard


def test_without_the_guard_words_are_sent_twice_and_two_at_once(busy_world: World, twilio: WatchedTwilio) -> None:
    at_once(*[partial(send_all, busy_world, send_naively)] * WORKERS)
    assert max(twilio.most_at_once.values()) > 1
    assert any(len(words) > WORDS for words in words_of(twilio).values())


def test_many_dispatchers_send_each_word_once_in_order_and_one_at_a_time_to_each_lead(
    busy_world: World, twilio: WatchedTwilio
) -> None:
    at_once(*[partial(send_all, busy_world, send_as_designed)] * WORKERS)
    assert set(twilio.most_at_once.values()) == {1}
    assert list(words_of(twilio).values()) == [[f"Word {number}" for number in range(WORDS)]] * LEADS


def test_a_persons_words_wait_for_the_call_that_is_under_way(busy_world: World, twilio: WatchedTwilio) -> None:
    """A POST cannot be recalled: the person's words follow it, and what the AI had queued behind it never leaves."""
    with workspace_scope(busy_world.acme):
        conversation = Conversation.objects.order_by("pk").first()

    def take_over_soon() -> None:
        time.sleep(0.05)
        with workspace_scope(busy_world.acme):
            send_as_person(conversation=conversation, user=busy_world.bruno, body="Bruno here", now=busy_world.now)

    at_once(take_over_soon, *[partial(send_all, busy_world, send_as_designed)] * WORKERS)
    assert set(twilio.most_at_once.values()) == {1}
    words = words_of(twilio)["whatsapp:+5511900000000"]
    assert words[-1] == "Bruno here"
    assert words[:-1] == [f"Word {number}" for number in range(len(words) - 1)]


@pytest.mark.parametrize("is_person", [True, False])
def test_a_look_waits_for_a_locked_conversation_when_a_persons_words_are_in_it(world: World, is_person: bool) -> None:
    """Others' words are passed over until the next look: whoever wants one floor again and again would starve them."""
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        conversation = Conversation.objects.get()
        if is_person:
            send_as_person(conversation=conversation, user=world.bruno, body="Bruno here", now=world.now)
        else:
            queue_words(world, conversation)
    is_locked = threading.Event()

    def hold_the_lock() -> bool:
        with across_workspaces(), transaction.atomic():
            lock_conversation(conversation.pk)
            is_locked.set()
            time.sleep(0.3)
        return True

    def look() -> bool:
        is_locked.wait(20)
        return dispatch.send_one_due_message(world.now)

    assert at_once(hold_the_lock, look) == [True, is_person]
    assert ("Bruno here" in world.heard()) is is_person


def test_two_ladder_workers_climb_each_step_once(world: World) -> None:
    world.davi_says("I want to talk to a human")
    for _ in range(4):
        world.now += timedelta(minutes=15)
        at_once(*[partial(look_often, ladder.climb_one_due_step, world)] * WORKERS)
        world.settle()
    assert set(world.steps().values()) == {"fired"}
    assert len(world.heard()) == len(set(world.heard())) == 4
    assert len(world.trail("ladder.fired")) == 4


def test_two_turn_workers_answer_a_customer_once(world: World) -> None:
    for number in range(6):
        world.davi_writes("Hello", phone=f"+551190000000{number}")
        apply_one_due_event(world.now)
        at_once(*[partial(look_often, turns.take_one_due_turn, world)] * WORKERS)
        world.settle()
    assert set(Counter(message.to for message in world.twilio.messages()).values()) == {1}
    assert len(world.heard()) == 6
    with workspace_scope(world.acme):
        assert list(Turn.objects.values_list("state", "attempts_made")) == [("done", 1)] * 6


def look_often(work_one: Callable[..., bool], world: World) -> int:
    """As workers do that are woken again and again, also while another is at work."""
    count = 0
    for _ in range(LOOKS):
        count += work_one(world.now)
        time.sleep(0.002)
    return count
