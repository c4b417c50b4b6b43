"""Who may speak: people always, agents by priority, and everything with its reason."""

from datetime import timedelta

import pytest

from agents.coordinator import NothingToSay, grant_floor, resolve_conversation, return_to_ai, send_as_person, take_over
from agents.models import AgentMessage, AgentState
from agents.models.framework import Agent
from crm.models import User
from messaging.floor import Busy, Grant
from messaging.models import Floor
from project.kernel.scope import workspace_scope
from tests.journeys.world import World


@pytest.fixture
def greeted(world: World) -> World:
    world.davi_says("Hello")
    return world


def ask(world: World, agent: Agent) -> Grant | Busy:
    with workspace_scope(world.acme):
        return grant_floor(conversation=world.conversation, agent=agent, reason="a test", now=world.now)


def states(world: World) -> dict[str, str]:
    with workspace_scope(world.acme):
        return dict(AgentState.objects.values_list("agent", "state"))


def floor_of(world: World) -> Floor:
    with workspace_scope(world.acme):
        return Floor.objects.get()


def test_a_grant_is_told_in_the_trail(greeted: World) -> None:
    grant = ask(greeted, Agent.BRIDGE)
    assert isinstance(grant, Grant)
    assert greeted.trail("floor.granted")[-1].facts == {"epoch": grant.epoch, "holder": "bridge"}


def test_a_conflict_is_told_to_the_coordinator_once_however_often_it_is_asked(greeted: World) -> None:
    ask(greeted, Agent.PRIMARY)
    for _ in range(3):
        assert isinstance(ask(greeted, Agent.BRIDGE), Busy)
    with workspace_scope(greeted.acme):
        [conflict] = AgentMessage.objects.filter(kind="agent_conflict")
    assert (conflict.sender, conflict.recipient) == ("bridge", "coordinator")


def test_a_person_takes_over_and_every_agent_is_told(greeted: World) -> None:
    greeted.bruno_takes_over()
    assert states(greeted)["primary"] == "DISABLED"
    assert greeted.conversation.assignee == greeted.bruno
    with workspace_scope(greeted.acme):
        assert AgentMessage.objects.filter(kind="state_sync", recipient="all").exists()


def test_taking_over_twice_is_told_once(greeted: World) -> None:
    for _ in range(2):
        greeted.bruno_takes_over()
    assert len(greeted.trail("floor.taken_over")) == 1


def test_a_second_person_takes_over_from_the_first_and_the_firsts_unsent_words_stay(greeted: World) -> None:
    ana = User.objects.get(email="ana@acme.test")
    with workspace_scope(greeted.acme):
        waiting = send_as_person(conversation=greeted.conversation, user=greeted.bruno, body="One", now=greeted.now)
        take_over(conversation=greeted.conversation, user=ana, now=greeted.now)
        waiting.refresh_from_db()
    assert (waiting.status, waiting.verdict["code"]) == ("suppressed", "taken_over")
    assert "Ana" in waiting.verdict["reason"]


def test_the_same_key_sends_once(greeted: World) -> None:
    with workspace_scope(greeted.acme):
        sent = [
            send_as_person(conversation=greeted.conversation, user=greeted.bruno, body="Hi", now=greeted.now, key="k1")
            for _ in range(2)
        ]
    greeted.settle()
    assert sent[0].pk == sent[1].pk
    assert greeted.heard().count("Hi") == 1


@pytest.mark.parametrize("blank", ["", "   ", "\n\t"])
def test_blank_words_are_refused(greeted: World, blank: str) -> None:
    with workspace_scope(greeted.acme), pytest.raises(NothingToSay):
        send_as_person(conversation=greeted.conversation, user=greeted.bruno, body=blank, now=greeted.now)
    assert floor_of(greeted).holder == ""


def test_returning_what_nobody_holds_changes_nothing_of_the_floor(greeted: World) -> None:
    with workspace_scope(greeted.acme):
        assert not return_to_ai(conversation=greeted.conversation, user=greeted.bruno, reason="", now=greeted.now)
    assert greeted.trail("floor.returned") == []


def test_a_person_who_stays_silent_gives_the_conversation_back(greeted: World) -> None:
    greeted.acme.auto_return_minutes = 10
    greeted.acme.save()
    greeted.bruno_takes_over()
    greeted.wait(minutes=9)
    assert floor_of(greeted).holder == "human"
    greeted.wait(minutes=1)
    assert floor_of(greeted).holder == ""
    assert "10 minutes" in greeted.trail("floor.returned")[-1].reason
    heard = len(greeted.heard())
    greeted.davi_says("Anybody there?")
    assert len(greeted.heard()) == heard + 1


def test_every_word_of_the_person_starts_the_silence_anew(greeted: World) -> None:
    greeted.acme.auto_return_minutes = 10
    greeted.acme.save()
    for _ in range(3):
        greeted.bruno_says("Still with you")
        greeted.wait(minutes=8)
    assert floor_of(greeted).holder == "human"


def test_resolving_twice_is_told_once_and_the_customer_may_reopen(greeted: World) -> None:
    with workspace_scope(greeted.acme):
        assert resolve_conversation(conversation=greeted.conversation, user=greeted.bruno, now=greeted.now)
        assert not resolve_conversation(conversation=greeted.conversation, user=greeted.bruno, now=greeted.now)
    greeted.now += timedelta(minutes=1)
    greeted.davi_says("One more thing: what does it cost?")
    assert greeted.conversation.status == "open"
    assert len(greeted.trail("conversation.reopened")) == 1
    assert len(greeted.heard()) == 2


def test_a_person_may_write_into_a_resolved_conversation_and_opens_it(greeted: World) -> None:
    greeted.bruno_takes_over()
    with workspace_scope(greeted.acme):
        resolve_conversation(conversation=greeted.conversation, user=greeted.bruno, now=greeted.now)
    greeted.bruno_says("I forgot to say")
    assert greeted.heard()[-1] == "I forgot to say"
    assert greeted.conversation.status == "open"


def test_what_a_person_wrote_leaves_although_they_resolved_at_once(greeted: World) -> None:
    with workspace_scope(greeted.acme):
        send_as_person(conversation=greeted.conversation, user=greeted.bruno, body="Bye", now=greeted.now)
        return_to_ai(conversation=greeted.conversation, user=greeted.bruno, reason="done", now=greeted.now)
        resolve_conversation(conversation=greeted.conversation, user=greeted.bruno, now=greeted.now)
    greeted.settle()
    assert greeted.heard()[-1] == "Bye"
