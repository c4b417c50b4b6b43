"""What Twilio reports: in any order, more than once, about earlier tries too. A message only moves forward."""

import pytest

from crm.models import Activity
from crm.services.consent import is_opted_out
from messaging import floor
from messaging.models import Attempt, Channel, Message
from project.kernel.scope import workspace_scope
from tests.journeys.world import World


@pytest.fixture
def sent(world: World) -> Message:
    world.davi_says("Hello")
    return the_reply(world)


def the_reply(world: World) -> Message:
    [reply] = world.messages(direction="out")
    return reply


def report(world: World, message: Message, status: str, **changes: str) -> Message:
    world.twilio_reports(message.provider_id, status, mid=str(message.pk), **changes)
    return the_reply(world)


def test_a_message_moves_from_sent_to_read(world: World, sent: Message) -> None:
    assert [report(world, sent, status).status for status in ("sent", "delivered", "read")] == [
        "sent", "delivered", "read",
    ]  # fmt: skip
    with workspace_scope(world.acme):
        assert Activity.objects.filter(kind="message_read").count() == 1


def test_statuses_that_overtake_one_another_do_not_move_it_back(world: World, sent: Message) -> None:
    assert [report(world, sent, status).status for status in ("read", "delivered", "sent", "queued")] == ["read"] * 4


def test_what_was_delivered_cannot_fail_any_more(world: World, sent: Message) -> None:
    report(world, sent, "delivered")
    assert report(world, sent, "failed", ErrorCode="30008").status == "delivered"


def test_a_delivery_proves_a_failure_wrong(world: World, sent: Message) -> None:
    assert report(world, sent, "undelivered", ErrorCode="63024").status == "failed"
    assert report(world, sent, "sent").status == "failed"
    assert report(world, sent, "delivered").status == "delivered"


def test_a_closed_window_fails_for_good_and_says_why(world: World, sent: Message) -> None:
    failed = report(world, sent, "failed", ErrorCode="63016")
    assert (failed.status, failed.error_code) == ("failed", "63016")
    assert "template" in world.trail("message.failed")[-1].reason
    world.wait(minutes=30)
    assert len(world.heard()) == 1


@pytest.mark.parametrize("code", ["63014", "21610"])
def test_a_customer_who_blocked_us_has_opted_out(world: World, sent: Message, code: str) -> None:
    report(world, sent, "failed", ErrorCode=code)
    with workspace_scope(world.acme):
        assert is_opted_out(world.conversation.lead_id, "whatsapp_twilio", "service")


def test_an_account_that_is_refused_pauses_the_sender(world: World, sent: Message) -> None:
    report(world, sent, "failed", ErrorCode="63007")
    with workspace_scope(world.acme):
        assert "sender" in Channel.objects.get().paused_reason


def test_a_failure_that_passes_is_tried_again(world: World, sent: Message) -> None:
    assert report(world, sent, "failed", ErrorCode="63012").status == "queued"
    world.wait(minutes=1)
    assert len(world.heard()) == 2
    assert the_reply(world).status == "accepted"
    assert the_reply(world).provider_id != sent.provider_id


def test_a_late_status_of_the_first_try_does_not_call_off_the_second(world: World, sent: Message) -> None:
    report(world, sent, "failed", ErrorCode="63012")
    assert report(world, sent, "sent").status == "queued"
    world.wait(minutes=1)
    assert len(world.heard()) == 2


def test_a_delivery_of_the_first_try_calls_off_the_second(world: World, sent: Message) -> None:
    report(world, sent, "failed", ErrorCode="63012")
    assert report(world, sent, "delivered").status == "delivered"
    world.wait(minutes=5)
    assert len(world.heard()) == 1


def test_a_second_try_that_is_called_off_leaves_the_floor_free(world: World, sent: Message) -> None:
    report(world, sent, "failed", ErrorCode="63012")
    grant = floor.acquire(workspace_id=world.acme.pk, lead_id=sent.lead_id, holder="primary")
    assert isinstance(grant, floor.Grant)
    with workspace_scope(world.acme):
        Message.objects.filter(pk=sent.pk).update(epoch=grant.epoch)
    report(world, sent, "delivered")
    assert not floor.is_held_against(lead_id=sent.lead_id, holder="primary")


def test_a_late_failure_of_the_first_try_does_not_fail_the_second(world: World, sent: Message) -> None:
    report(world, sent, "failed", ErrorCode="63012")
    world.wait(minutes=1)
    assert report(world, sent, "undelivered", ErrorCode="63012").status == "accepted"
    world.wait(minutes=5)
    assert len(world.heard()) == 2


def test_a_status_of_the_first_try_does_not_settle_the_second_while_it_is_called(world: World, sent: Message) -> None:
    report(world, sent, "failed", ErrorCode="63012")
    world.twilio.fault("503_after_accept")
    world.wait(minutes=1)
    assert the_reply(world).status == "unknown"
    for status in ("sent", "undelivered", "delivered"):
        assert report(world, sent, status, ErrorCode="63012").status == "unknown"
    with workspace_scope(world.acme):
        assert Attempt.objects.get(number=2).state == "unknown"


def test_a_callback_settles_a_call_whose_answer_was_lost(world: World) -> None:
    world.twilio.fault("reset_after_accept")
    world.davi_says("Hello")
    assert the_reply(world).status == "unknown"
    [booked] = world.twilio.messages()
    world.twilio_reports(booked.sid, "delivered", mid=str(the_reply(world).pk))
    assert (the_reply(world).status, the_reply(world).provider_id) == ("delivered", booked.sid)
    world.wait(minutes=20)
    assert len(world.heard()) == 1


def test_a_callback_settles_even_what_had_been_given_to_a_person(world: World) -> None:
    world.twilio.fault("reset_after_accept")
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        from messaging.services.settlement import settle_abandoned

        settle_abandoned(attempt_id=Attempt.objects.get().pk, now=world.now)
    assert the_reply(world).status == "in_doubt"
    [booked] = world.twilio.messages()
    world.twilio_reports(booked.sid, "sent", mid=str(the_reply(world).pk))
    assert the_reply(world).status == "sent"
    with workspace_scope(world.acme):
        assert Attempt.objects.get().state == "accepted"


def test_the_same_callback_twice_adds_nothing(world: World, sent: Message) -> None:
    first = report(world, sent, "delivered")
    lines = len(world.trail())
    assert report(world, sent, "delivered").seq == first.seq
    assert len(world.trail()) == lines


def test_a_status_of_a_message_that_is_not_ours_is_set_aside(world: World, sent: Message) -> None:
    from messaging.models import WebhookEvent

    world.twilio_reports("SM" + "f" * 32, "delivered", mid="not-a-uuid")
    assert WebhookEvent.objects.filter(kind="status", state="ignored").count() == 1
