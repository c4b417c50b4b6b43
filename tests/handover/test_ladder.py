"""The ladder's corners: who may stop a rung, which rung counts after a pause, and that nobody is left waiting."""

from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connection

from agents import coordinator
from agents.models import AgentMessage, AgentState, StaffAlert
from agents.models.framework import Agent
from handover.models import Booking, Handover, LadderStep
from handover.models.handovers import Rung
from handover.services import ladder, rungs
from handover.services.handovers import NotOpen, claim_handover
from handover.services.policies import set_minutes
from messaging.models import Channel, Message
from project.kernel import clock
from project.kernel.scope import across_workspaces, workspace_scope
from tests.journeys.world import World

HUMAN = "I want to talk to a human about my contract"


def state_of(world: World, agent: Agent) -> str:
    with workspace_scope(world.acme):
        return AgentState.objects.get(agent=agent).state


def asks_for_person_without_the_bus(world: World) -> None:
    """The request is stored, and the worker that would deliver it is away."""
    from agents.primary import turns
    from messaging.services.inbox import apply_one_due_event

    world.davi_says("Hello")
    world.davi_writes(HUMAN)
    apply_one_due_event(world.now)
    turns.take_one_due_turn(world.now)


def silent_auto_return(world: World, minutes: float) -> None:
    world.acme.auto_return_minutes = minutes
    world.acme.save(update_fields=["auto_return_minutes"])


# -- the request on its way --------------------------------------------------------------------------------------


def test_an_answer_given_while_the_request_was_on_its_way_opens_no_handover(world: World) -> None:
    asks_for_person_without_the_bus(world)
    world.bruno_says("I am here")
    world.settle()
    assert world.handover is None
    assert "answered meanwhile" in world.trail("handover.not_needed")[-1].reason
    assert "colleague" not in world.heard()[-1]


def test_a_resolution_while_the_request_was_on_its_way_opens_no_handover(world: World) -> None:
    asks_for_person_without_the_bus(world)
    with workspace_scope(world.acme):
        coordinator.resolve_conversation(conversation=world.conversation, user=world.bruno, now=world.now)
    world.settle()
    assert world.handover is None
    assert state_of(world, Agent.PRIMARY) == "ACTIVE"


def test_the_ai_is_silent_from_the_moment_of_the_request(world: World) -> None:
    from agents.primary import turns
    from messaging.services.inbox import apply_one_due_event

    asks_for_person_without_the_bus(world)
    assert state_of(world, Agent.PRIMARY) == "HANDOVER"
    world.davi_writes("Hello? What does it cost?")
    apply_one_due_event(world.now)
    turns.take_one_due_turn(world.now)
    world.settle()
    assert "colleague" in world.heard()[-1]
    assert len(world.heard()) == 2


def test_a_request_that_cannot_be_delivered_calls_for_help(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("handover.monitor.request_handover", broken)
    world.davi_says(HUMAN)
    for _ in range(6):
        world.wait(minutes=3)
    with workspace_scope(world.acme):
        assert AgentMessage.objects.get(kind="handover_request").due_at is None
        assert StaffAlert.objects.filter(subject__contains="agents failed").exists()
    assert world.trail("agent.parked")


# -- what counts as an answer ------------------------------------------------------------------------------------


def test_words_that_were_withheld_are_no_answer(world: World) -> None:
    world.davi_says(HUMAN)
    with workspace_scope(world.acme):
        window = world.conversation.windows.get()
        window.closes_at = world.now
        window.save()
    message = world.bruno_says("Too late")
    assert message.status == "suppressed"
    world.settle()
    assert world.handover.state == "waiting"


def test_a_person_who_was_replaced_and_answers_after_all_ends_the_handover(world: World) -> None:
    silent_auto_return(world, 5)
    world.davi_says(HUMAN)
    world.bruno_takes_over()
    world.wait(minutes=6)
    assert world.handover.state == "waiting"
    assert state_of(world, Agent.MONITOR) == "ACTIVE"
    world.bruno_says("Sorry, here I am")
    assert world.handover.state == "answered"


def test_a_callback_ends_with_a_persons_answer_after_an_automatic_return(world: World) -> None:
    silent_auto_return(world, 5)
    world.davi_says(HUMAN)
    world.wait(minutes=61)
    assert world.handover.state == "callback"
    world.bruno_takes_over()
    world.wait(minutes=6)
    world.bruno_says("I call you now")
    assert world.handover.state == "answered"


def test_taking_over_again_before_the_last_words_left_silences_the_ai_again(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        Channel.objects.update(paused_at=world.now)
    world.bruno_says("One moment")
    with workspace_scope(world.acme):
        coordinator.return_to_ai(conversation=world.conversation, user=world.bruno, reason="done", now=world.now)
    world.bruno_takes_over()
    assert state_of(world, Agent.PRIMARY) == "DISABLED"
    assert len(world.trail("floor.taken_over")) == 2


# -- which rung --------------------------------------------------------------------------------------------------


def test_a_rung_that_was_put_off_never_supersedes_a_higher_one(world: World) -> None:
    """A rung that waits for the floor falls due after the one above it; late by seconds, both fire in their order."""
    world.davi_says(HUMAN)
    with workspace_scope(world.acme):
        LadderStep.objects.filter(rung="update").update(due_at=world.now + timedelta(minutes=59))
        LadderStep.objects.filter(rung="alert").update(due_at=world.now + timedelta(minutes=58))
        LadderStep.objects.filter(rung="bridge").update(due_at=world.now + timedelta(minutes=57))
    world.wait(minutes=59, seconds=30)
    assert world.steps()["bridge"] == "pending"
    world.wait(seconds=2)
    assert world.steps() == {
        "bridge": "fired", "alert": "superseded", "update": "fired", "resume": "pending",
    }  # fmt: skip


def test_rungs_late_by_seconds_all_fire_in_their_order(world: World) -> None:
    """A worker that was away for some seconds of a ladder in seconds costs no step."""
    with workspace_scope(world.acme):
        set_minutes(workspace=world.acme, minutes=[0.02, 0.04, 0.06, 0.08], now=world.now)
    world.davi_says(HUMAN)
    for seconds in (10, 1, 1, 1, 1):
        world.wait(seconds=seconds)
    assert set(world.steps().values()) == {"fired"}
    assert [text[:8] for text in world.heard()[-3:]] == ["Still he", "Hi Davi,", "Hi Davi,"]


def resume_falls_due_before_the_bridge(world: World, **resume: int) -> None:
    """As when the bridge was put off for a second."""
    world.davi_says(HUMAN)
    world.wait(minutes=16)
    world.wait(minutes=15)
    with workspace_scope(world.acme):
        LadderStep.objects.filter(rung="bridge").update(due_at=world.now + timedelta(seconds=31))
        LadderStep.objects.filter(rung="resume").update(due_at=world.now + timedelta(seconds=30), **resume)
    world.wait(seconds=30)


def test_a_rung_does_not_overtake_one_below_that_was_just_put_off(world: World) -> None:
    """The bridge waits a second for the floor; the resumption falls due in that second, and waits for it."""
    resume_falls_due_before_the_bridge(world)
    assert world.steps()["resume"] == "pending"
    for _ in range(3):
        world.wait(seconds=1)
    assert set(world.steps().values()) == {"fired"}


def test_deaths_before_a_step_was_put_off_do_not_count_against_it(world: World) -> None:
    """While it waits for a lower rung it is looked at every second, by workers that may be killed for other reasons."""
    resume_falls_due_before_the_bridge(world, attempts_made=4)
    with workspace_scope(world.acme):
        waiting = LadderStep.objects.get(rung="resume")
    assert (waiting.state, waiting.attempts_made) == ("pending", 0)


def test_a_ladder_of_seconds_runs_to_its_end(world: World) -> None:
    with workspace_scope(world.acme):
        set_minutes(workspace=world.acme, minutes=[0.1, 0.2, 0.3, 0.4], now=world.now)
    world.davi_says(HUMAN)
    for _ in range(30):
        world.wait(seconds=1)
    assert set(world.steps().values()) == {"fired"}
    assert world.handover.state == "callback"


def test_a_rung_waits_for_words_in_doubt_and_fetches_no_link_for_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched: list[int] = []
    offer = ladder.offer_link
    monkeypatch.setattr(ladder, "offer_link", lambda *args: fetched.append(1) or offer(*args))
    with workspace_scope(world.acme):
        set_minutes(workspace=world.acme, minutes=[0.01, 0.02, 0.03, 10], now=world.now)
    world.twilio.fault("503_html")
    world.davi_says(HUMAN)  # the acknowledgement is in doubt
    for _ in range(5):
        world.wait(seconds=2)
    assert fetched == []
    assert world.steps()["bridge"] == "pending"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE messaging_floor SET expires_at = clock_timestamp() - interval '1 minute'")
    world.wait(seconds=2)
    assert fetched == []  # the update has the floor now, and its words wait for the doubt to be settled
    for _ in range(5):
        world.wait(seconds=20)
    assert fetched == [1]
    assert world.steps()["bridge"] == "fired"


def test_a_vip_in_a_hurry_climbs_in_a_quarter_of_the_time(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        lead = world.conversation.lead
        lead.is_vip = True
        lead.save()
    world.davi_says("URGENT!!! I need to talk to a human immediately, this is an emergency")
    with workspace_scope(world.acme):
        handover = Handover.objects.get()
        due = LadderStep.objects.get(rung="resume").due_at
    assert handover.urgency == "urgent"
    assert due - handover.requested_at == timedelta(minutes=15)


# -- words that cannot leave -------------------------------------------------------------------------------------


def test_after_an_opt_out_the_ladder_alerts_but_does_not_write(world: World) -> None:
    world.davi_says(HUMAN)
    world.wait(minutes=1)
    world.davi_says("STOP")
    heard = len(world.heard())
    for _ in range(4):
        world.wait(minutes=15)
    assert len(world.heard()) == heard
    assert world.steps() == {
        "alert": "fired", "update": "withheld", "bridge": "withheld", "resume": "withheld",
    }  # fmt: skip
    assert world.handover.state == "callback"
    with workspace_scope(world.acme):
        assert not Booking.objects.exists()


def test_a_person_asked_for_after_an_opt_out_is_announced_to_the_customer(world: World) -> None:
    world.davi_says("Hello")
    world.davi_says("STOP")
    world.wait(hours=2)
    world.davi_says(HUMAN)
    assert "colleague" in world.heard()[-1]
    world.davi_says("Are you there?")
    world.wait(minutes=30)
    assert "Still here for you" in world.heard()[-1]


def test_a_closed_window_withholds_the_words_and_keeps_the_callback(world: World) -> None:
    world.davi_says(HUMAN)
    with workspace_scope(world.acme):
        world.conversation.windows.update(closes_at=world.now + timedelta(minutes=40))
    heard = len(world.heard())
    for _ in range(4):
        world.wait(minutes=15)
    assert len(world.heard()) == heard + 1
    assert (world.steps()["bridge"], world.steps()["resume"]) == ("withheld", "withheld")
    assert world.handover.state == "callback"


def test_a_paused_sender_keeps_the_words_until_it_is_resumed(world: World) -> None:
    from messaging.services.channels import resume_channel

    world.davi_says(HUMAN)
    with workspace_scope(world.acme):
        Channel.objects.update(paused_at=world.now, paused_reason="a test")
    world.wait(minutes=31)
    assert world.steps()["update"] == "fired"
    with workspace_scope(world.acme):
        resume_channel(channel=Channel.objects.get(), user=world.bruno, now=world.now)
    world.wait(minutes=2)
    assert "Still here for you" in world.heard()[-1]


# -- its ends ----------------------------------------------------------------------------------------------------


def test_a_request_during_a_callback_renews_it(world: World) -> None:
    world.davi_says(HUMAN)
    world.wait(minutes=61)
    first = world.handover
    world.davi_says("I still want to talk to a human please")
    assert world.handover.pk != first.pk
    assert world.handover.state == "waiting"
    with workspace_scope(world.acme):
        assert Handover.objects.get(pk=first.pk).state == "renewed"
        assert Handover.objects.filter(state__in=("waiting", "callback")).count() == 1


def test_a_claim_changes_hands_and_does_not_stop_the_ladder(world: World) -> None:
    world.davi_says(HUMAN)
    with workspace_scope(world.acme):
        claim_handover(handover=world.handover, user=world.bruno, now=world.now)
        assert world.conversation.assignee == world.bruno
    world.wait(minutes=16)
    assert world.steps()["alert"] == "fired"
    world.bruno_says("Hello")
    with workspace_scope(world.acme), pytest.raises(NotOpen, match="answered"):
        claim_handover(handover=world.handover, user=world.bruno, now=world.now)


def test_a_rung_that_keeps_failing_is_parked_and_the_team_is_told(world: World) -> None:
    world.davi_says(HUMAN)
    with workspace_scope(world.acme):  # the row of a channel whose kind this version no longer has
        Channel.objects.filter(pk=world.channel.pk).update(kind="no_such_kind")
    world.wait(minutes=30)
    for _ in range(5):
        world.wait(minutes=3)
    assert world.steps()["update"] == "parked"
    with workspace_scope(world.acme):
        assert StaffAlert.objects.filter(subject__contains="a step of the ladder failed").exists()


def test_a_rung_that_ends_its_process_is_parked_after_five_deaths_and_the_team_is_told(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class ProcessEnded(BaseException):
        pass

    def die(*_: object) -> None:
        raise ProcessEnded

    world.davi_says(HUMAN)
    world.now += timedelta(minutes=15)
    monkeypatch.setitem(rungs.FIRE, Rung.ALERT, die)
    leases = []
    for _ in range(5):
        with pytest.raises(ProcessEnded):
            ladder.climb_one_due_step(world.now)
        assert not ladder.climb_one_due_step(world.now), "its lease keeps others away from it"
        with across_workspaces():
            leases.append(LadderStep.objects.get(rung=Rung.ALERT).claimed_until - clock.now())
            LadderStep.objects.update(claimed_until=None)
    assert all(later > 1.5 * lease for lease, later in pairwise(leases)), "a storm of deaths parks nothing"
    world.settle()
    assert world.steps()["alert"] == "parked"
    assert "its worker died each time" in world.trail("ladder.parked")[0].reason
    with workspace_scope(world.acme):
        assert StaffAlert.objects.filter(subject__contains="a step of the ladder failed").exists()


def test_one_person_is_one_person(world: World) -> None:
    with workspace_scope(world.acme):
        world.acme.memberships.exclude(user=world.bruno).delete()
    world.davi_says(HUMAN)
    world.wait(minutes=15)
    [fired] = world.trail("ladder.fired")
    assert fired.reason.startswith("Team alerted: ")
    assert "1 person alerted again" in fired.reason


def test_the_last_rung_keeps_its_capitals(world: World) -> None:
    world.davi_says(HUMAN)
    world.wait(minutes=61)
    assert world.trail("ladder.fired")[-1].reason.startswith("AI resumes: ")


def test_a_name_with_braces_and_line_breaks_does_no_harm(world: World) -> None:
    world.davi_says(HUMAN, profile_name="{link} Davi\nBcc: everyone@example.com")
    world.wait(minutes=61)
    with workspace_scope(world.acme):
        assert Message.objects.filter(voice="bridge").count() == 0
        for alert in StaffAlert.objects.all():
            assert "\n" not in alert.subject
            assert alert.sent_at is not None
    assert any("{link}" in text for text in world.heard())


def test_a_handover_follows_the_customer_to_another_channel(world: World) -> None:
    """What is said next leaves where the customer wrote last."""
    from messaging.services.channels import create_channel

    world.davi_says(HUMAN)
    with workspace_scope(world.acme):
        chat = create_channel(workspace=world.acme, kind="webchat", name="Web", values={}, now=world.now)
        conversation = world.conversation
        conversation.channel = chat
        conversation.save(update_fields=["channel"])
    heard = len(world.heard())
    world.wait(minutes=30)
    assert len(world.heard()) == heard
    [update] = world.messages(voice="system")
    assert (update.channel_id, update.status) == (chat.pk, "accepted")
