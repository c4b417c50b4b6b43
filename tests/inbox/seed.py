"""An inbox full of life, for looking at the screens and for the tests that count queries."""

from datetime import datetime, timedelta
from typing import Any

from crm.models import Consent, Lead, User, Workspace
from crm.services.trail import record_decision
from handover.models import Booking, Handover, LadderStep
from handover.models.bookings import BookingState
from handover.models.handovers import HandoverState, Rung, StepState
from messaging.models import Channel, Conversation, Floor, Message, ServiceWindow

MINUTES = {Rung.ALERT: 15, Rung.UPDATE: 30, Rung.BRIDGE: 45, Rung.RESUME: 60}


def talk(
    workspace: Workspace, channel: Channel, name: str, now: datetime, *, ago: float = 5, **fields: Any
) -> Conversation:
    """A lead with a conversation whose last word is `ago` minutes old."""
    lead = Lead.objects.create(workspace=workspace, name=name, company=fields.pop("company", ""))
    at = now - timedelta(minutes=ago)
    conversation = Conversation.objects.create(
        workspace=workspace, lead=lead, channel=channel, last_message_at=at, last_inbound_at=at, **fields
    )
    ServiceWindow.objects.create(
        workspace=workspace,
        conversation=conversation,
        channel=channel,
        opened_at=at,
        closes_at=at + timedelta(hours=24),
    )
    return conversation


def say(conversation: Conversation, voice: str, body: str, at: datetime, **fields: Any) -> Message:
    """A line of the thread, written past the outbox: for what a screen shows, not for what is sent."""
    conversation.seq += 1
    out = voice != "customer"
    message = Message.objects.create(
        workspace_id=conversation.workspace_id,
        conversation=conversation,
        lead_id=conversation.lead_id,
        channel=conversation.channel,
        direction="out" if out else "in",
        voice=voice,
        body=body,
        status=fields.pop("status", "delivered" if out else "received"),
        position=conversation.seq,
        seq=conversation.seq,
        at=at,
        **({"intent_key": f"seed:{conversation.pk}:{conversation.seq}", "epoch": 1} if out else {}),
        **fields,
    )
    if message.status != "suppressed":
        conversation.last_preview, conversation.last_voice, conversation.last_message_at = body[:200], voice, at
    conversation.save()
    return message


def tell(conversation: Conversation, kind: str, reason: str, at: datetime, actor: str = "", **facts: Any) -> None:
    record_decision(
        lead=conversation.lead, actor=actor or kind.partition(".")[0], kind=kind, reason=reason, now=at, **facts
    )


def ask_for_person(
    conversation: Conversation, reason: str, request: str, at: datetime, now: datetime, **fields: Any
) -> Handover:
    """An open handover whose steps before `now` have fired."""
    handover = Handover.objects.create(
        workspace_id=conversation.workspace_id,
        lead=conversation.lead,
        conversation=conversation,
        trigger="explicit_request",
        reason=reason,
        request=request,
        requested_at=at,
        **{"state": HandoverState.WAITING, **fields},
    )
    for rung, minutes in MINUTES.items():
        due = at + timedelta(minutes=minutes)
        fired = due <= now
        LadderStep.objects.create(
            workspace_id=conversation.workspace_id,
            handover=handover,
            rung=rung,
            due_at=due,
            state=StepState.FIRED if fired else StepState.PENDING,
            done_at=due if fired else None,
        )
    return handover


def hold_floor(conversation: Conversation, user: User) -> None:
    Floor.objects.create(
        workspace_id=conversation.workspace_id, lead=conversation.lead, holder="human", user=user, priority=1, epoch=2
    )
    conversation.assignee = user
    conversation.save(update_fields=["assignee"])


def book(conversation: Conversation, starts_at: datetime, now: datetime) -> Booking:
    return Booking.objects.create(
        workspace_id=conversation.workspace_id,
        lead=conversation.lead,
        url="https://calendly.test/d/abc",
        state=BookingState.BOOKED,
        offered_at=now,
        booked_at=now,
        starts_at=starts_at,
    )


def helena(workspace: Workspace, channel: Channel, now: datetime) -> Conversation:
    """The conversation of the pictures: a request for a person 37 minutes ago, and what was done and withheld."""

    def minutes(ago: float) -> datetime:
        return now - timedelta(minutes=ago)

    talk_ = talk(workspace, channel, "Helena Prado", now, ago=37, company="Prado Clínicas", unread=1)
    say(talk_, "customer", "Hi! We run four clinics. How much is it for 12 people?", minutes(39))
    say(
        talk_,
        "ai",
        "For 12 people the team plan fits: R$ 89 per person a month, with WhatsApp and web chat included. Would you "
        "bring all four clinics into one workspace?",
        minutes(38.9),
        status="read",
    )
    tell(
        talk_,
        "turn.decided",
        "Answered from “Prices 2026”: a question about the price.",
        minutes(38.9),
        "primary",
        seconds=0.8,
    )
    asked = say(
        talk_,
        "customer",
        "Yes. But I need a discount and someone to look at the contract. I need to talk to someone about the contract",
        minutes(37),
    )
    say(
        talk_,
        "ai",
        "Of course, Helena. I'm bringing in a colleague who can decide on both; you will hear from us here.",
        minutes(36.9),
        status="read",
    )
    ask_for_person(
        talk_, "Contract, and a discount above the AI's authority.", asked.body, minutes(37), now, requested_by=asked
    )
    tell(
        talk_,
        "handover.requested",
        "Helena asked for a person; the AI is silent.",
        minutes(36.8),
        "primary",
        trigger="explicit_request",
    )
    tell(talk_, "hold.placed", "Nurturing held for 24 hours: she asked for a person.", minutes(36.8), "crm")
    why = "She asked for a person less than 24 hours ago. Planned again for Saturday 11:00."
    say(
        talk_,
        "marketing",
        "How a dental group in Curitiba answers 800 messages a week",
        minutes(20),
        status="suppressed",
        purpose="marketing",
        verdict={"outcome": "suppress", "code": "held", "reason": why},
    )
    tell(talk_, "message.suppressed", f"Not sent: case study. {why}", minutes(20), "gate", code="held", epoch=7)
    tell(talk_, "ladder.fired", "Team alerted again: Bruno and Carla did not answer.", minutes(22), "monitor")
    say(
        talk_,
        "system",
        "Still here for you, Helena. The team is finishing another call and has your contract question.",
        minutes(7),
    )
    tell(talk_, "ladder.fired", "Update sent: 30 minutes without a person, window open.", minutes(7), "monitor")
    return talk_


def full_inbox(workspace: Workspace, channel: Channel, user: User, now: datetime) -> list[Conversation]:
    """Eight conversations, one of each kind that the list can show."""

    def minutes(ago: float) -> datetime:
        return now - timedelta(minutes=ago)

    rows = [helena(workspace, channel, now)]
    for name, words, ago in (
        ("Otávio Lins", "ok but who can approve the discount?", 12),
        ("Mei Tanaka", "please connect me with a specialist", 4),
    ):
        row = talk(workspace, channel, name, now, ago=ago, unread=1)
        say(row, "customer", words, minutes(ago))
        ask_for_person(row, "Asked for a person.", words, minutes(ago), now, claimed_by=user if ago == 4 else None)
        rows.append(row)
    rui = talk(workspace, channel, "Rui Barros", now, ago=8)
    say(rui, "customer", "Can you send me the proposal today?", minutes(9))
    say(rui, "human", "I'll send the proposal before lunch", minutes(8), author=user, status="sent")
    say(rui, "human", "It has both options in it.", minutes(6), author=user, status="failed", error_code="30003")
    hold_floor(rui, user)
    tell(rui, "floor.taken_over", f"{user} took over the conversation; the AI is silent.", minutes(8.5), str(user))
    for name, words, ago in (
        ("Camila Souza", "The starter plan covers two numbers and one workspace.", 9),
        ("", "Yes, we deliver in Niterói within two days.", 11),
    ):
        row = talk(workspace, channel, name, now, ago=ago)
        say(row, "customer", "One question about your plans", minutes(ago + 1))
        say(row, "ai", words, minutes(ago))
        rows.append(row)
    joana = talk(workspace, channel, "Joana Reis", now, ago=27)
    say(
        joana,
        "bridge",
        "Pick a time that suits you and someone will call you: https://calendly.test/d/abc",
        minutes(40),
    )
    say(joana, "customer", "Thursday works, thank you!", minutes(27))
    book(joana, now + timedelta(days=3), now)
    tell(joana, "booking.booked", "Joana booked a call for Monday 14:00.", minutes(27), "bridge")
    owed = talk(workspace, channel, "Paulo Dias", now, ago=200)
    say(owed, "customer", "I want a person to call me", minutes(200))
    ask_for_person(
        owed, "Asked for a call.", "I want a person to call me", minutes(200), now, state=HandoverState.CALLBACK
    )
    farid = talk(workspace, channel, "Farid Nasser", now, ago=90)
    agreed = Consent.objects.create(
        workspace=workspace, lead=farid.lead, channel_kind=channel.kind, purpose="marketing", state="granted",
        source="keyword", proof="NEWS", at=minutes(600),
    )  # fmt: skip
    study = "Case study: how a clinic halved its no-shows"
    say(farid, "marketing", study, minutes(90), purpose="marketing", consent=agreed)
    return [*rows, rui, joana, owed, farid]
