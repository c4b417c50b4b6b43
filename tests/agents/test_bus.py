"""Messages between agents: stored, delivered once, tried again, and never silently dropped."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from agents import bus
from agents.models import AgentMessage
from agents.models.framework import Agent, AgentMessageKind
from project.kernel.scope import workspace_scope
from tests.journeys.world import World


@pytest.fixture
def heard() -> Iterator[list[str]]:
    """What the learning agent hears of time-outs; it subscribes to nothing by itself."""
    reasons: list[str] = []

    def listen(message: AgentMessage, now: datetime) -> None:
        if message.reason == "broken":
            raise RuntimeError("cannot")
        reasons.append(message.reason)

    bus.subscribe(Agent.ANALYST, AgentMessageKind.HUMAN_TIMEOUT, listen)
    yield reasons
    del bus._subscribers[Agent.ANALYST, AgentMessageKind.HUMAN_TIMEOUT]


def tell(world: World, reason: str, recipient: str = Agent.ANALYST) -> AgentMessage:
    with workspace_scope(world.acme):
        return bus.send_agent_message(
            lead=world.conversation.lead,
            kind=AgentMessageKind.HUMAN_TIMEOUT,
            sender=Agent.MONITOR,
            recipient=recipient,
            reason=reason,
            now=world.now,
            number=7,
        )


def stored(world: World, message: AgentMessage) -> AgentMessage:
    with workspace_scope(world.acme):
        return AgentMessage.objects.get(pk=message.pk)


@pytest.fixture
def greeted(world: World) -> World:
    world.davi_says("Hello")
    return world


def test_a_message_is_delivered_once_and_in_order(greeted: World, heard: list[str]) -> None:
    for reason in ("one", "two"):
        tell(greeted, reason)
    greeted.settle()
    greeted.settle()
    assert heard == ["one", "two"]


def test_a_message_to_nobody_is_kept_for_the_trail(greeted: World) -> None:
    message = tell(greeted, "for the record", recipient=bus.EVERYONE)
    assert message.due_at is None
    assert greeted.trail("agent.human_timeout")[-1].facts["number"] == 7


def test_a_broken_subscriber_is_asked_again_later_and_does_not_stop_the_others(
    greeted: World, heard: list[str]
) -> None:
    broken = tell(greeted, "broken")
    tell(greeted, "fine")
    greeted.settle()
    assert heard == ["fine"]
    waiting = stored(greeted, broken)
    assert (waiting.attempts_made, waiting.received_at) == (1, None)
    assert waiting.due_at is not None
    assert waiting.due_at > greeted.now


def test_after_five_failures_it_is_parked_and_the_team_is_told(greeted: World, heard: list[str]) -> None:
    from django.core import mail

    broken = tell(greeted, "broken")
    for _ in range(6):
        greeted.wait(minutes=3)
    assert stored(greeted, broken).due_at is None
    assert greeted.trail("agent.parked")
    assert any("needs you" in letter.subject for letter in mail.outbox)


def test_a_message_that_ends_its_process_is_parked_after_five_deaths_and_the_team_is_told(greeted: World) -> None:
    class ProcessEnded(BaseException):
        pass

    def die(message: AgentMessage, now: datetime) -> None:
        raise ProcessEnded

    bus.subscribe(Agent.ANALYST, AgentMessageKind.HUMAN_TIMEOUT, die)
    try:
        deadly = tell(greeted, "deadly")
        for _ in range(5):
            with pytest.raises(ProcessEnded):
                bus.deliver_one_due_agent_message(greeted.now)
            greeted.now += timedelta(minutes=9)
        greeted.settle()
    finally:
        del bus._subscribers[Agent.ANALYST, AgentMessageKind.HUMAN_TIMEOUT]
    assert (stored(greeted, deadly).due_at, stored(greeted, deadly).received_at) == (None, None)
    assert greeted.trail("agent.parked")


def test_a_subscriber_whose_work_failed_leaves_nothing_of_it(greeted: World) -> None:
    def half(message: AgentMessage, now: datetime) -> None:
        tell(greeted, "half done", recipient=bus.EVERYONE)
        raise RuntimeError("cannot")

    bus.subscribe(Agent.ANALYST, AgentMessageKind.HUMAN_TIMEOUT, half)
    try:
        tell(greeted, "start")
        greeted.settle()
    finally:
        del bus._subscribers[Agent.ANALYST, AgentMessageKind.HUMAN_TIMEOUT]
    with workspace_scope(greeted.acme):
        assert not AgentMessage.objects.filter(reason="half done").exists()
