"""Every way in which a call to Twilio ends: sent once, refused, repeated, doubted, or left to a person."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from crm.services.consent import is_opted_out
from messaging.models import Attempt, Channel, Message
from messaging.services import reconcile
from messaging.services.channels import resume_channel
from project.kernel.scope import workspace_scope
from tests.journeys.world import World, small_world


@pytest.fixture
def today(db: None) -> Iterator[World]:
    """A world at the real time: what the double lists has real times."""
    with small_world(datetime.now(UTC)) as small:
        yield small


def the_reply(world: World) -> Message:
    [reply] = world.messages(direction="out")
    return reply


@pytest.mark.parametrize(
    "fault",
    ["reset_after_accept", "503_after_accept", "broken_201", "empty_201", "cut_201", "unexpected_201"],
)
def test_what_was_accepted_without_our_hearing_of_it_is_found_and_not_repeated(today: World, fault: str) -> None:
    today.twilio.fault(fault)
    today.davi_says("Hello")
    assert the_reply(today).status == "unknown"
    today.wait(seconds=11)
    assert the_reply(today).status == "accepted"
    assert the_reply(today).provider_id == today.twilio.messages()[0].sid
    today.wait(minutes=15)
    assert len(today.heard()) == 1


@pytest.mark.parametrize("fault", ["503_html", "reset"])
def test_what_never_arrived_is_sent_again_once_its_absence_is_believed(today: World, fault: str) -> None:
    today.twilio.fault(fault)
    today.davi_says("Hello")
    today.wait(seconds=30)
    assert the_reply(today).status == "unknown"
    assert today.heard() == []
    today.wait(seconds=40)
    assert the_reply(today).status == "accepted"
    assert len(today.heard()) == 1


def test_a_process_whose_clock_is_ahead_believes_no_absence_early(today: World) -> None:
    today.twilio.fault("503_html")
    today.davi_says("Hello")
    assert reconcile.settle_one_unknown_attempt(today.now + timedelta(seconds=90))
    assert the_reply(today).status == "unknown"


def test_while_a_call_is_in_doubt_nothing_else_is_sent_to_this_customer(today: World) -> None:
    today.twilio.fault("503_html")
    today.davi_says("Hello")
    today.bruno_says("Bruno here")
    assert today.heard() == []
    today.wait(seconds=70)
    assert today.heard() == ["Bruno here"]
    assert [message.status for message in today.messages(voice="ai")] == ["suppressed"]


def test_a_provider_that_cannot_be_asked_leaves_the_decision_to_a_person(
    today: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    from messaging.channels.twilio.transport import TwilioTransport
    from messaging.transports import ErrorKind, TransportError

    def away(*args: object, **kwargs: object) -> None:
        raise TransportError(ErrorKind.UNREACHABLE)

    today.twilio.fault("503_html")
    today.davi_says("Hello")
    monkeypatch.setattr(TwilioTransport, "list_recent", away)
    for _ in range(35):
        today.wait(seconds=20)
    assert the_reply(today).status == "in_doubt"
    assert "look and decide" in today.trail("message.failed")[-1].reason


def test_too_many_requests_are_repeated_a_little_later(world: World) -> None:
    world.twilio.fault("429")
    world.davi_says("Hello")
    assert the_reply(world).status == "queued"
    world.wait(seconds=3)
    assert len(world.heard()) == 1
    assert the_reply(world).attempts_made == 2


def test_five_refusals_in_a_row_are_the_end(world: World) -> None:
    world.twilio.fault("429", times=9)
    world.davi_says("Hello")
    for _ in range(8):
        world.wait(minutes=3)
    assert the_reply(world).status == "failed"
    assert the_reply(world).attempts_made == 5


def test_stop_by_the_provider_is_an_opt_out(world: World) -> None:
    world.twilio.fault("error", code=21610)
    world.davi_says("Hello")
    assert (the_reply(world).status, the_reply(world).error_code) == ("failed", "21610")
    with workspace_scope(world.acme):
        assert is_opted_out(world.conversation.lead_id, "whatsapp_twilio", "marketing")


def test_a_number_that_is_no_mobile_fails_at_once(world: World) -> None:
    world.twilio.fault("error", code=21614)
    world.davi_says("Hello")
    assert (the_reply(world).status, the_reply(world).error_code) == ("failed", "21614")


def test_a_refused_account_pauses_the_sender_until_an_operator_resumes_it(world: World) -> None:
    world.twilio.fault("error", code=20003, status=401)
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        channel = Channel.objects.get()
        assert channel.paused_at
    world.wait(minutes=5)
    before = the_reply(world)
    assert (before.status, world.heard()) == ("queued", [])
    world.wait(minutes=5)
    assert the_reply(world).seq == before.seq
    with workspace_scope(world.acme):
        resume_channel(channel=channel, user=world.bruno, now=world.now)
    world.settle()
    assert len(world.heard()) == 1


def test_what_a_person_wrote_while_the_sender_was_paused_leaves_after_they_returned_it(world: World) -> None:
    from agents.coordinator import return_to_ai

    world.davi_says("Hello")
    with workspace_scope(world.acme):
        Channel.objects.update(paused_at=world.now, paused_reason="a test")
    world.bruno_says("I will send you the offer")
    with workspace_scope(world.acme):
        return_to_ai(conversation=world.conversation, user=world.bruno, reason="done", now=world.now)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE messaging_floor SET expires_at = clock_timestamp() - interval '1 minute'")
    world.wait(minutes=2)
    world.davi_says("Thanks!")
    with workspace_scope(world.acme):
        resume_channel(channel=Channel.objects.get(), user=world.bruno, now=world.now)
    world.wait(minutes=2)
    assert "I will send you the offer" in world.heard()


def test_a_worker_that_died_during_the_call_leaves_a_doubt_not_a_repetition(today: World) -> None:
    from agents.primary import turns
    from messaging.services import dispatch
    from messaging.services.inbox import apply_one_due_event

    today.davi_writes("Hello")
    apply_one_due_event(today.now)
    turns.take_one_due_turn(today.now)
    _, call = dispatch._claim(today.now, dispatch.monotonic())
    assert call is not None
    with workspace_scope(today.acme):
        dispatch._send(call)  # and the worker is gone before it could write that down
    with connection.cursor() as cursor:
        cursor.execute("UPDATE messaging_attempt SET deadline_at = clock_timestamp() - interval '1 second'")
    today.settle()
    assert the_reply(today).status == "unknown"
    today.wait(seconds=11)
    assert the_reply(today).status == "accepted"
    assert len(today.heard()) == 1


def test_a_worker_that_slept_before_the_call_does_not_make_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As late as while its client is built."""
    from messaging import transports
    from messaging.services import dispatch

    seconds, build = [0.0], transports.transport_for

    def build_and_sleep(*settings: object) -> object:
        seconds[0] = dispatch.CALL_WINDOW_SECONDS
        return build(*settings)

    with monkeypatch.context() as patch:
        world.davi_writes("Hello")
        from agents.primary import turns
        from messaging.services.inbox import apply_one_due_event

        apply_one_due_event(world.now)
        turns.take_one_due_turn(world.now)
        patch.setattr(dispatch, "monotonic", lambda: seconds[0])
        patch.setattr(transports, "transport_for", build_and_sleep)
        dispatch.send_one_due_message(world.now)
    assert world.heard() == []
    world.wait(seconds=3)
    assert len(world.heard()) == 1


def test_a_message_that_breaks_the_dispatcher_does_not_stop_the_others(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        Channel.objects.update(paused_at=world.now)
    world.bruno_says("a broken one")
    with workspace_scope(world.acme):
        Message.objects.filter(body="a broken one").update(media=["no file"])
        Channel.objects.update(paused_at=None)
    world.bruno_says("a good one")
    world.wait(minutes=2)
    assert world.heard()[-1] == "a good one"
    [broken] = world.messages(body="a broken one")
    assert (broken.status, broken.error_code) == ("failed", "unsendable")


def test_settings_that_no_longer_work_fail_the_message_and_name_the_reason(world: World) -> None:
    with workspace_scope(world.acme):
        Channel.objects.update(settings={"sender": "whatsapp:+14155238886"})
    world.davi_says("Hello")
    assert the_reply(world).status == "failed"
    assert "settings" in world.trail("message.failed")[-1].reason
    with workspace_scope(world.acme):
        assert Attempt.objects.get().state == "refused"
