"""What each error of the provider's table makes us do, whether the call was refused or the delivery failed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core import mail

from messaging.channels.twilio.errors import REACTIONS
from messaging.models import Attempt, Channel, ChannelTrouble, Message
from messaging.services.channels import resume_channel
from messaging.transports import ErrorKind
from project.kernel.scope import workspace_scope
from tests.cast import join
from tests.journeys.world import World, small_world


def the_reply(world: World) -> Message:
    return world.messages(direction="out")[0]


def refuse(world: World, code: int) -> Message:
    """The call itself is refused."""
    world.twilio.fault("error", code=code)
    world.davi_says("Hello")
    return the_reply(world)


def fail_later(world: World, code: int) -> Message:
    """The call is accepted, and the delivery fails."""
    world.davi_says("Hello")
    sent = the_reply(world)
    world.twilio_reports(sent.provider_id, "failed", mid=str(sent.pk), ErrorCode=str(code))
    return the_reply(world)


def sender(world: World) -> Channel:
    with workspace_scope(world.acme):
        return Channel.objects.get()


@pytest.mark.parametrize("happen", [refuse, fail_later])
def test_a_daily_limit_pauses_the_sender_until_it_ends_by_itself(world: World, happen: object) -> None:
    happen(world, 63038)  # type: ignore[operator]
    paused = sender(world)
    assert (paused.paused_at, paused.resumes_at) == (world.now, world.now + timedelta(days=1))
    heard = len(world.heard())
    world.wait(hours=23)
    assert sender(world).paused_at
    world.wait(hours=1)
    assert (sender(world).paused_at, sender(world).resumes_at) == (None, None)
    world.davi_says("Are you there?")
    assert len(world.heard()) == heard + 1


def test_an_operator_may_end_a_daily_limit_early(world: World) -> None:
    refuse(world, 63038)
    with workspace_scope(world.acme):
        resume_channel(channel=sender(world), user=world.bruno, now=world.now)
    assert sender(world).resumes_at is None


def test_what_waited_for_the_resumed_sender_leaves(world: World) -> None:
    refuse(world, 63038)
    with workspace_scope(world.acme):
        resume_channel(channel=sender(world), user=world.bruno, now=world.now)
        Message.objects.filter(direction="out").update(due_at=world.now)
    world.settle()
    assert len(world.heard()) == 1


@pytest.mark.parametrize("happen", [refuse, fail_later])
def test_a_closed_window_says_that_a_template_may_reach_them(world: World, happen: object) -> None:
    message = happen(world, 63016)  # type: ignore[operator]
    assert (message.status, message.error_code) == ("failed", "63016")
    told = world.trail("message.failed")[-1]
    assert told.facts["instead"] == "template"
    assert "An approved template may reach them." in told.reason


@pytest.mark.parametrize("code", [63024, 63032])
def test_a_customer_without_whatsapp_may_be_reached_elsewhere(world: World, code: int) -> None:
    fail_later(world, code)
    assert world.trail("message.failed")[-1].facts["instead"] == "other_channel"


def test_a_device_that_is_off_is_tried_twice_more_each_a_quarter_of_an_hour_later(world: World) -> None:
    message = fail_later(world, 30003)
    assert (message.status, message.due_at) == ("queued", world.now + timedelta(minutes=15))
    for _ in range(2):
        world.wait(minutes=15)
        sent = the_reply(world)
        world.twilio_reports(sent.provider_id, "undelivered", mid=str(sent.pk), ErrorCode="30003")
    assert (the_reply(world).status, the_reply(world).attempts_made) == ("failed", 3)


def test_what_concerns_one_message_holds_up_no_other(world: World) -> None:
    fail_later(world, 63012)
    world.davi_says("Hello", phone="+5511900000001")
    assert len(world.heard()) == 2
    assert sender(world).rests_until is None


@pytest.mark.parametrize("code", [code for code, reaction in REACTIONS.items() if reaction.slows_sender])
def test_every_code_that_is_about_speed_rests_the_sender(world: World, code: str) -> None:
    refuse(world, int(code))
    assert sender(world).rests_until == world.now + timedelta(seconds=REACTIONS[code].retry_after or 0)


def test_every_code_that_is_repeated_says_when() -> None:
    assert [code for code, reaction in REACTIONS.items() if reaction.max_retries and not reaction.retry_after] == []


def test_the_owners_and_managers_are_told_once_of_a_cause(world: World) -> None:
    join(world.acme, "max@acme.test", "manager")
    for number in range(3):
        world.twilio.fault("error", code=63013)
        world.davi_says("Hello", phone=f"+551190000000{number}")
    told = [letter for letter in mail.outbox if "cannot send" in letter.subject]
    assert sorted(letter.to[0] for letter in told) == ["ana@acme.test", "max@acme.test"]
    assert "63013" in told[0].body
    assert "/w/acme/settings/channels/" in told[0].body
    with workspace_scope(world.acme):
        assert ChannelTrouble.objects.get().count == 3


def test_a_cause_that_comes_back_a_day_later_is_told_again(world: World) -> None:
    refuse(world, 63013)
    world.wait(hours=25)
    world.twilio.fault("error", code=63013)
    world.davi_says("Hello again")
    assert len([letter for letter in mail.outbox if "cannot send" in letter.subject]) == 2


def test_what_needs_no_operator_tells_none(world: World) -> None:
    refuse(world, 21614)
    with workspace_scope(world.acme):
        assert not ChannelTrouble.objects.exists()


def test_a_doubt_lasts_no_longer_than_the_workspace_says(monkeypatch: pytest.MonkeyPatch, db: None) -> None:
    from messaging.channels.twilio.transport import TwilioTransport
    from messaging.transports import TransportError

    def away(*args: object, **kwargs: object) -> None:
        raise TransportError(ErrorKind.UNREACHABLE)

    monkeypatch.setattr(TwilioTransport, "list_recent", away)
    with small_world(datetime.now(UTC)) as world:
        world.acme.doubt_minutes = 2
        world.acme.save()
        world.twilio.fault("503_html")
        world.davi_says("Hello")
        world.bruno_says("Bruno here")
        for _ in range(11):
            world.wait(seconds=10)
        assert (the_reply(world).status, world.heard()) == ("unknown", [])
        world.wait(seconds=11)
        assert (the_reply(world).status, world.heard()) == ("in_doubt", ["Bruno here"])
        with workspace_scope(world.acme):
            assert Attempt.objects.order_by("pk").first().state == "abandoned"
        assert any("may not have arrived" in letter.subject for letter in mail.outbox)
