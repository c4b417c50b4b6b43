"""Messages that ended without arriving: seen, sent again by a person, or left; a doubt that a person overrides."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from analytics.audit.catalogue import all_checks
from analytics.audit.checks import run_check
from messaging import floor
from messaging.models import Attempt, Floor, Message
from messaging.services.dead_letters import (
    FloorTaken,
    NotDead,
    NotInDoubt,
    StillInDoubt,
    dead_letters,
    dismiss_message,
    override_doubt,
    replay_all,
    replay_message,
)
from project.kernel.scope import workspace_scope
from tests.commands import refusal, run, run_json
from tests.journeys.world import World, small_world


@pytest.fixture
def today(db: None) -> Iterator[World]:
    with small_world(datetime.now(UTC)) as small:
        yield small


def broken_promises(world: World) -> dict[str, int]:
    """What the audit finds, except what these tests do on purpose with the clock."""
    results = [run_check(check, workspace_id=None, since=None, now=world.now) for check in all_checks()]
    return {result.check.name: result.count for result in results if result.count and result.check.level == "violation"}


def fail(world: World, message: Message, code: str = "63024") -> None:
    world.twilio_reports(message.provider_id, "undelivered", mid=str(message.pk), ErrorCode=code)


def dead(world: World) -> list[Message]:
    with workspace_scope(world.acme):
        return list(dead_letters(world.acme))


def replay(world: World, message: Message, **options: Any) -> Message:
    with workspace_scope(world.acme):
        answer = replay_message(message=message, user=world.bruno, now=world.now, **options)
    world.settle()
    return answer


def the_reply(world: World) -> Message:
    [reply] = world.messages(direction="out")
    return reply


@pytest.fixture
def lost(world: World) -> Message:
    world.davi_says("Hello")
    fail(world, the_reply(world))
    return the_reply(world)


@pytest.fixture
def doubted(today: World) -> Message:
    """The provider has it, its answer was lost, and nobody could be asked in time."""
    today.twilio.fault("reset_after_accept")
    today.davi_says("Hello")
    with workspace_scope(today.acme):
        override_doubt(message=the_reply(today), user=today.bruno, now=today.now)
    return the_reply(today)


def test_what_failed_is_a_dead_letter_until_somebody_decides(world: World, lost: Message) -> None:
    assert dead(world) == [lost]
    with workspace_scope(world.acme):
        dismiss_message(message=lost, user=world.bruno, now=world.now)
    assert dead(world) == []
    assert world.trail("message.dismissed")[-1].actor == "Bruno"


def test_a_replayed_message_leaves_once_more_under_a_new_grant(world: World, lost: Message) -> None:
    assert replay(world, lost).status == "queued"
    again = the_reply(world)
    assert (again.status, again.attempts_made, again.pk) == ("accepted", 2, lost.pk)
    assert again.epoch == lost.epoch + 1
    assert len(world.heard()) == 2
    assert dead(world) == []
    [entry] = world.trail("message.replayed")
    assert (entry.actor, entry.facts["despite_doubt"]) == ("Bruno", False)
    assert broken_promises(world) == {}


def test_a_replay_has_a_whole_allowance_of_tries(world: World) -> None:
    world.twilio.fault("429", times=5)
    world.davi_says("Hello")
    for _ in range(8):
        world.wait(minutes=3)
    assert the_reply(world).status == "failed"
    world.twilio.fault("429", times=4)
    replay(world, the_reply(world))
    for _ in range(8):
        world.wait(minutes=3)
    assert (the_reply(world).status, the_reply(world).attempts_made) == ("accepted", 10)
    with workspace_scope(world.acme):
        assert list(Attempt.objects.order_by("number").values_list("number", flat=True)) == list(range(1, 11))


def test_a_reply_that_the_customer_has_written_past_is_suppressed_and_says_so(world: World, lost: Message) -> None:
    world.wait(minutes=1)
    world.davi_says("Never mind")
    answer = replay(world, lost)
    assert (answer.status, answer.verdict["code"]) == ("suppressed", "newer_inbound")
    assert "written again" in world.trail("message.suppressed")[-1].reason
    assert dead(world) == []


def test_what_a_person_wrote_goes_again_under_their_own_hold(world: World) -> None:
    world.davi_says("Hello")
    fail(world, world.bruno_says("Bruno here") and world.messages(body="Bruno here")[0])
    [words] = dead(world)
    replay(world, words)
    assert world.heard().count("Bruno here") == 2
    with workspace_scope(world.acme):
        assert Floor.objects.get().user == world.bruno
        assert Floor.objects.get().expires_at is None


def test_what_a_person_wrote_goes_again_after_they_gave_the_conversation_back(world: World) -> None:
    from agents.coordinator import return_to_ai

    world.davi_says("Hello")
    world.bruno_says("Bruno here")
    fail(world, world.messages(body="Bruno here")[0])
    with workspace_scope(world.acme):
        return_to_ai(conversation=world.conversation, user=world.bruno, reason="done", now=world.now)
    replay(world, dead(world)[0])
    assert world.heard().count("Bruno here") == 2
    with workspace_scope(world.acme):
        assert Floor.objects.get().holder == ""


def test_while_a_person_holds_the_floor_the_agents_words_do_not_go_again(world: World, lost: Message) -> None:
    world.bruno_takes_over()
    with pytest.raises(FloorTaken, match="Bruno holds the floor"):
        replay(world, lost)
    assert dead(world) == [lost]


def test_a_persons_words_interrupt_no_agent_that_speaks(world: World) -> None:
    world.davi_says("Hello")
    world.bruno_says("Bruno here")
    fail(world, world.messages(body="Bruno here")[0])
    with workspace_scope(world.acme):
        floor.clear(lead_id=world.conversation.lead_id)
        floor.acquire(workspace_id=world.acme.pk, lead_id=world.conversation.lead_id, holder="primary")
    with pytest.raises(FloorTaken, match="primary"):
        replay(world, dead(world)[0])


def test_what_arrived_cannot_be_sent_again(world: World) -> None:
    world.davi_says("Hello")
    with pytest.raises(NotDead):
        replay(world, the_reply(world))
    assert len(world.heard()) == 1


def test_a_double_click_sends_it_again_once(world: World, lost: Message) -> None:
    replay(world, lost)
    with pytest.raises(NotDead):
        replay(world, lost)
    assert len(world.heard()) == 2


def test_what_is_in_doubt_goes_again_only_if_the_person_says_that_they_know(today: World, doubted: Message) -> None:
    with pytest.raises(StillInDoubt, match="twice"):
        replay(today, doubted)
    assert len(today.heard()) == 1
    replay(today, doubted, despite_doubt=True)
    assert len(today.heard()) == 2
    assert today.trail("message.replayed")[-1].facts["despite_doubt"] is True


def test_the_doubt_stays_after_a_replay_that_the_provider_refused(today: World, doubted: Message) -> None:
    today.twilio.fault("error", code=21614)
    replay(today, doubted, despite_doubt=True)
    assert the_reply(today).status == "failed"
    with pytest.raises(StillInDoubt):
        replay(today, doubted)


def test_the_audit_accepts_what_a_person_overrode_and_nothing_else(today: World, doubted: Message) -> None:
    [first] = today.twilio.messages()
    replay(today, doubted, despite_doubt=True)
    today.twilio_reports(first.sid, "delivered", mid=str(doubted.pk))
    with workspace_scope(today.acme):
        assert list(Attempt.objects.order_by("number").values_list("state", flat=True)) == ["accepted", "accepted"]
    assert broken_promises(today) == {}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE crm_trailentry SET facts = facts - 'user' WHERE kind = 'message.replayed'")
    assert broken_promises(today) == {"accepted_twice": 1}


def test_a_person_need_not_wait_for_the_providers_answer(today: World) -> None:
    today.twilio.fault("503_html")
    today.davi_says("Hello")
    today.bruno_says("Bruno here")
    assert today.heard() == []
    [unknown] = today.messages(status="unknown")
    with workspace_scope(today.acme):
        override_doubt(message=unknown, user=today.bruno, now=today.now)
    today.settle()
    assert today.heard() == ["Bruno here"]
    assert the_doubtful(today).status == "in_doubt"
    assert "may come twice" in today.trail("message.doubt_overridden")[-1].reason
    assert broken_promises(today) == {}


def the_doubtful(world: World) -> Message:
    return next(message for message in world.messages(voice="ai"))


def test_only_a_doubt_can_be_overridden(world: World, lost: Message) -> None:
    with workspace_scope(world.acme), pytest.raises(NotInDoubt):
        override_doubt(message=lost, user=world.bruno, now=world.now)


def test_after_an_outage_everything_that_surely_failed_goes_again(today: World) -> None:
    today.twilio.fault("error", times=3, code=21614)
    for number in range(3):
        today.davi_says("Hello", phone=f"+551190000000{number}")
    today.twilio.fault("reset_after_accept")
    today.davi_says("Hello", phone="+5511900000009")
    with workspace_scope(today.acme):
        [unknown] = Message.objects.filter(status="unknown")
        override_doubt(message=unknown, user=today.bruno, now=today.now)
        answer = replay_all(workspace=today.acme, user=today.bruno, now=today.now, limit=2)
        assert (answer.queued, answer.suppressed, answer.busy) == (2, 0, 0)
        rest = replay_all(workspace=today.acme, code="21614", user=today.bruno, now=today.now, limit=100)
        assert rest.queued == 1
    today.settle()
    assert len(today.heard()) == 4
    assert [message.status for message in dead(today)] == ["in_doubt"]


def test_several_words_of_one_lead_go_again_in_their_order(world: World) -> None:
    from messaging.models import Channel

    world.davi_says("Hello")
    with workspace_scope(world.acme):
        Channel.objects.update(paused_at=world.now)
    for text in ("First", "Second"):
        world.bruno_says(text)
    with workspace_scope(world.acme):
        Channel.objects.update(paused_at=None)
    world.twilio.fault("error", times=2, code=63005)
    world.wait(minutes=2)
    with workspace_scope(world.acme):
        assert replay_all(workspace=world.acme, user=world.bruno, now=world.now, limit=9).queued == 2
    world.wait(seconds=1)
    assert world.heard()[-2:] == ["First", "Second"]


def test_the_command_lists_replays_and_dismisses(world: World, lost: Message) -> None:
    [letter] = run_json("dead_letters", "--workspace=acme")
    assert (letter["id"], letter["code"], letter["status"]) == (str(lost.pk), "63024", "failed")
    assert str(lost.pk) in run("dead_letters", "--workspace=acme")
    answer = run_json("dead_letters", "--workspace=acme", f"--replay={lost.pk}", "--as=bruno@acme.test")
    assert answer["replayed"] == str(lost.pk)
    assert run("dead_letters", "--workspace=acme").strip() == "Nothing ended without arriving."


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--replay=all"], "as: say who decides"),
        (["--replay=all", "--as=nobody@acme.test"], "as: there is no person"),
        (["--replay=all", "--as=clara@other.test"], "may not send"),
        (["--replay=nonsense", "--as=bruno@acme.test"], "replay: there is no message"),
        (["--dismiss=nonsense", "--as=bruno@acme.test"], "dismiss: there is no message"),
        (["--replay=all", "--as=bruno@acme.test", "--despite-doubt"], "despite_doubt: belongs to"),
        (["--limit=0"], "limit: must be at least 1"),
        (["--channel=999999"], "channel: there is no channel"),
    ],
)
def test_the_command_names_wrong_values(world: World, words: list[str], why: str) -> None:
    from tests.cast import found

    found("other", "clara@other.test")
    assert why in refusal("dead_letters", "--workspace=acme", *words)


def test_the_command_refuses_what_is_in_doubt_until_told(today: World, doubted: Message) -> None:
    words = ["dead_letters", "--workspace=acme", f"--replay={doubted.pk}", "--as=bruno@acme.test"]
    assert "twice" in refusal(*words)
    assert run_json(*words, "--despite-doubt")["replayed"] == str(doubted.pk)


def test_a_failure_long_ago_stays_visible(world: World, lost: Message) -> None:
    world.now += timedelta(days=30)
    assert dead(world) == [lost]
