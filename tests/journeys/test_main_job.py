"""The main job, told as conversations: a WhatsApp message, a request for a person, the ladder, and its ends."""

from datetime import timedelta

from agents.models import AgentMessage, AgentState, KnowledgeEntry, StaffAlert
from agents.models.framework import Agent
from crm.services.consent import is_opted_out
from handover.models import Booking
from handover.services.bookings import record_booking
from project.kernel.scope import workspace_scope
from tests.journeys.world import World


def asks_for_person(world: World) -> None:
    world.davi_says("Hello")
    world.davi_says("I want to talk to a human about my contract")


def test_a_message_is_answered_on_whatsapp(world: World) -> None:
    world.davi_says("Hello")
    assert len(world.heard()) == 1
    [reply] = world.messages(direction="out")
    assert (reply.voice, reply.status) == ("ai", "accepted")
    assert f"mid={reply.pk}" in world.twilio.messages()[0].status_callback


def test_the_workspaces_knowledge_is_quoted(world: World) -> None:
    with workspace_scope(world.acme):
        KnowledgeEntry.objects.create(
            workspace=world.acme, question="How long is delivery to Niterói?", answer="Two working days to Niterói."
        )
    world.davi_says("How long does the delivery to Niterói take?")
    assert "Two working days to Niterói." in world.heard()[-1]


def test_pieces_typed_in_a_row_get_one_answer(world: World) -> None:
    world.acme.debounce_seconds = 2
    world.acme.save()
    for piece in ("Hi", "I wanted to ask", "what does it cost?"):
        world.davi_says(piece)
        world.now += timedelta(seconds=1)
    assert world.heard() == []
    world.wait(seconds=2)
    assert len(world.heard()) == 1


def test_a_request_for_a_person_is_acknowledged_and_alerts_the_team(world: World) -> None:
    asks_for_person(world)
    assert "colleague" in world.heard()[-1]
    assert world.handover.state == "waiting"
    with workspace_scope(world.acme):
        assert StaffAlert.objects.filter(user=world.bruno, sent_at__isnull=False).count() == 1
        states = dict(AgentState.objects.values_list("agent", "state"))
        assert states[Agent.PRIMARY] == "HANDOVER"
        assert states[Agent.MONITOR] == "ACTIVE"
        assert AgentMessage.objects.filter(kind="handover_request", received_at__isnull=False).count() == 1


def test_the_ladder_runs_its_four_steps_at_its_times(world: World) -> None:
    asks_for_person(world)
    world.acme.booking_url = "https://acme.example/book"
    world.acme.save()
    heard = len(world.heard())
    world.wait(minutes=14)
    assert world.steps() == {"alert": "pending", "update": "pending", "bridge": "pending", "resume": "pending"}
    world.wait(minutes=1)
    assert world.steps()["alert"] == "fired"
    assert len(world.heard()) == heard
    world.wait(minutes=15)
    assert "Still here for you" in world.heard()[-1]
    world.wait(minutes=15)
    assert "https://acme.example/book?" in world.heard()[-1]
    assert "45 minutes" in world.heard()[-1]
    assert "contract" in world.heard()[-1]
    world.wait(minutes=15)
    assert "honest" in world.heard()[-1]
    assert world.handover.state == "callback"
    assert len(world.heard()) == heard + 3
    kinds = [message.kind for message in agent_messages(world)]
    assert {"human_timeout", "calendly_sent", "state_sync"} <= set(kinds)


def test_after_the_last_step_the_ai_answers_again(world: World) -> None:
    asks_for_person(world)
    world.wait(minutes=61)
    heard = len(world.heard())
    world.davi_says("Hello again")
    assert len(world.heard()) == heard + 1


def test_while_the_customer_waits_the_ai_is_silent(world: World) -> None:
    asks_for_person(world)
    heard = world.heard()
    world.davi_says("What does it cost?")
    assert world.heard() == heard
    assert world.trail("turn.decided")[-1].facts["step"] == "stay_silent"


def test_a_persons_reply_ends_the_ladder(world: World) -> None:
    asks_for_person(world)
    world.wait(minutes=20)
    world.bruno_says("Bruno here, how can I help?")
    assert world.heard()[-1] == "Bruno here, how can I help?"
    assert world.handover.state == "answered"
    assert world.steps() == {
        "alert": "fired", "update": "not_needed", "bridge": "not_needed", "resume": "not_needed",
    }  # fmt: skip
    heard = world.heard()
    world.wait(minutes=90)
    assert world.heard() == heard


def test_a_resolution_ends_the_ladder(world: World) -> None:
    from agents.coordinator import resolve_conversation

    asks_for_person(world)
    with workspace_scope(world.acme):
        resolve_conversation(conversation=world.conversation, user=world.bruno, now=world.now)
    world.settle()
    heard = world.heard()
    world.wait(minutes=90)
    assert world.heard() == heard
    assert world.handover.state == "resolved"


def test_a_booking_ends_the_ladder(world: World) -> None:
    asks_for_person(world)
    world.acme.booking_url = "https://acme.example/book"
    world.acme.save()
    world.wait(minutes=46)
    with workspace_scope(world.acme):
        booking = Booking.objects.get()
        record_booking(token=booking.token, starts_at=world.now + timedelta(days=1), now=world.now)
    heard = world.heard()
    world.wait(minutes=30)
    assert world.heard() == heard
    assert world.handover.state == "booked"
    assert world.steps()["resume"] == "not_needed"


def test_returning_to_the_ai_ends_the_ladder_and_the_ai_answers(world: World) -> None:
    from agents.coordinator import return_to_ai

    asks_for_person(world)
    world.bruno_takes_over()
    with workspace_scope(world.acme):
        return_to_ai(conversation=world.conversation, user=world.bruno, reason="solved", now=world.now)
    world.settle()
    assert world.handover.state == "returned"
    heard = len(world.heard())
    world.davi_says("Thanks! What are your opening hours?")
    assert len(world.heard()) == heard + 1


def test_a_person_in_charge_silences_the_ai(world: World) -> None:
    world.davi_says("Hello")
    world.bruno_takes_over()
    heard = world.heard()
    world.davi_says("How much is it?")
    assert world.heard() == heard
    assert "Bruno" in world.trail("turn.decided")[-1].reason


def test_a_person_who_takes_over_and_stays_silent_is_reminded_and_then_replaced(world: World) -> None:
    asks_for_person(world)
    world.bruno_takes_over()
    heard = len(world.heard())
    world.wait(minutes=31)
    assert len(world.heard()) == heard
    assert world.steps()["update"] == "withheld"
    world.wait(minutes=30)
    assert world.handover.state == "callback"
    assert "honest" in world.heard()[-1]


def test_words_queued_by_the_ai_do_not_leave_after_a_take_over(world: World) -> None:
    from agents.primary import turns
    from messaging.services.inbox import apply_one_due_event

    world.davi_writes("Hello")
    apply_one_due_event(world.now)
    turns.take_one_due_turn(world.now)
    world.bruno_takes_over()
    [reply] = world.messages(direction="out")
    assert reply.status == "suppressed"
    assert reply.verdict["code"] == "taken_over"
    world.settle()
    assert world.heard() == []


def test_stop_is_recorded_confirmed_once_and_respected(world: World) -> None:
    world.davi_says("Hello")
    world.davi_says("STOP")
    assert "no more messages" in world.heard()[-1]
    with workspace_scope(world.acme):
        assert is_opted_out(world.conversation.lead_id, "whatsapp_twilio", "marketing")
    heard = len(world.heard())
    world.davi_says("stop")
    assert len(world.heard()) == heard


def test_after_hours_the_bridge_speaks_at_once(world: World) -> None:
    from datetime import time

    from handover.models import OpeningHours

    with workspace_scope(world.acme):
        OpeningHours.objects.create(workspace=world.acme, weekday=0, opens=time(9), closes=time(18))
    world.davi_says("I want to talk to a human")
    assert "away right now" in world.heard()[-1]
    assert "on Monday at 09:00" in world.heard()[-1]
    assert "update" not in world.steps()
    assert any(message.reason == "business_hours_end" for message in agent_messages(world))


def test_a_vip_climbs_the_ladder_in_half_the_time(world: World) -> None:
    world.davi_says("Hello")
    with workspace_scope(world.acme):
        lead = world.conversation.lead
        lead.is_vip = True
        lead.save()
    world.davi_says("I want to talk to a human")
    world.wait(minutes=8)
    assert world.steps()["alert"] == "fired"


def test_after_an_outage_only_the_latest_due_step_fires(world: World) -> None:
    asks_for_person(world)
    heard = len(world.heard())
    world.wait(minutes=50)
    assert world.steps() == {
        "alert": "superseded", "update": "superseded", "bridge": "fired", "resume": "pending",
    }  # fmt: skip
    assert len(world.heard()) == heard + 1


def test_a_second_request_while_waiting_opens_no_second_handover(world: World) -> None:
    asks_for_person(world)
    first = world.handover.pk
    world.davi_says("I said I want to speak to a human!")
    assert world.handover.pk == first


def test_a_repeated_webhook_adds_nothing(world: World) -> None:
    world.davi_says("Hello", sid="SM" + "a" * 32)
    world.davi_says("Hello", sid="SM" + "a" * 32)
    assert len(world.messages(direction="in")) == 1
    assert len(world.heard()) == 1


def test_every_word_and_every_silence_has_its_reason(world: World) -> None:
    asks_for_person(world)
    world.wait(minutes=61)
    for entry in world.trail():
        assert entry.reason
        assert entry.actor
    for message in world.messages(direction="out"):
        assert message.verdict["reason"]


def agent_messages(world: World) -> list[AgentMessage]:
    with workspace_scope(world.acme):
        return list(AgentMessage.objects.order_by("id"))
