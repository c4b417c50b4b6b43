"""The conversation's row: one lock, and a count that only grows."""

from django.db import transaction

from agents.coordinator import grant_floor
from agents.models.framework import Agent
from messaging.models.messages import Voice
from messaging.services.conversations import lock_conversation, next_seq
from messaging.services.outbound import queue_message
from project.kernel.scope import workspace_scope
from tests.journeys.world import World


def test_the_count_never_falls_back_when_services_lock_the_conversation_again(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme), transaction.atomic():
        outer = lock_conversation(world.conversation.pk)
        grant = grant_floor(conversation=outer, agent=Agent.PRIMARY, reason="test", now=world.now)
        for number in range(3):
            queue_message(
                conversation=outer,
                voice=Voice.AI,
                body=f"{number}",
                intent_key=f"test:{number}",
                grant=grant,
                now=world.now,
            )
        newest = max(message.position for message in world.messages())
        assert next_seq(outer) > newest
    world.davi_says("Are you there?")
    assert [message.body for message in world.messages(direction="in")] == ["Hello", "Are you there?"]


def test_opting_out_while_a_reply_waits_leaves_the_next_message_its_place(world: World) -> None:
    """The opt-out withholds the waiting reply and confirms: three changes in one transaction."""
    from agents.primary import turns
    from messaging.services.inbox import apply_one_due_event

    for text in ("Hello", "STOP"):
        world.davi_writes(text)
        apply_one_due_event(world.now)
        turns.take_one_due_turn(world.now)
    world.davi_says("What does it cost?")
    assert len(world.messages(direction="in")) == 3
