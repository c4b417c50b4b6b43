"""A webhook that never came: Twilio's own list has the message, and the sweep finds it."""

from datetime import UTC, datetime, timedelta

import pytest

from messaging.models import Channel
from messaging.services.missed import sweep_one_due_channel
from project.kernel.scope import across_workspaces
from tests.doubles.twilio import ACCOUNT_SID, inbound_form
from tests.journeys.world import SENDER, World, small_world

DAVI = "whatsapp:+5511987654321"


@pytest.fixture
def world(db: None):  # type: ignore[no-untyped-def]
    """The double's list knows real times only."""
    with small_world(datetime.now(UTC)) as small:
        yield small


def lose_webhook(world: World, text: str) -> str:
    form = inbound_form(text, sender=DAVI, to=SENDER, account_sid=ACCOUNT_SID)
    world.twilio.receive(form, created_at=world.now)
    return form["MessageSid"]


def sweep(world: World, **later: float) -> None:
    world.now += timedelta(**later)
    sweep_one_due_channel(world.now)
    world.settle()


def test_a_message_without_a_webhook_is_found_and_answered(world: World) -> None:
    lose_webhook(world, "Hello, are you there?")
    sweep(world, seconds=30)
    assert [message.body for message in world.messages(direction="in")] == ["Hello, are you there?"]
    assert [message.voice for message in world.messages(direction="out")] == ["ai"]


def test_what_arrived_by_webhook_is_not_taken_in_twice(world: World) -> None:
    sid = lose_webhook(world, "Hello")
    world.davi_says("Hello", sid=sid)
    sweep(world, seconds=30)
    sweep(world, seconds=90)
    assert len(world.messages(direction="in")) == 1


def test_a_delivery_that_nobody_reported_is_found(world: World) -> None:
    world.davi_says("Hello")
    [booked] = world.twilio.messages()
    world.twilio.advance(booked.sid, "delivered")
    sweep(world, seconds=30)
    [reply] = world.messages(direction="out")
    assert reply.status == "delivered"


def test_a_provider_that_cannot_be_asked_is_asked_again_from_where_it_ended(world: World) -> None:
    lose_webhook(world, "Hello")
    with across_workspaces():
        url = world.channel.settings["api_base"]
        Channel.objects.update(settings={**world.channel.settings, "api_base": "http://127.0.0.1:9"})
        sweep(world, seconds=30)
        Channel.objects.update(settings={**world.channel.settings, "api_base": url})
    sweep(world, hours=2)
    assert len(world.messages(direction="in")) == 1
