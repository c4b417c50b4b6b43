"""One row of every model, for tests that walk all of them."""

from datetime import time, timedelta

from agents.models import AgentMessage, AgentState, KnowledgeEntry, StaffAlert, Turn
from crm.models import Activity, Consent, Hold
from crm.services.trail import record_decision
from handover.models import (
    Booking,
    CalendlyConnection,
    Handover,
    HandoverPolicy,
    Holiday,
    LadderStep,
    OpeningHours,
)
from messaging.models import (
    Attempt,
    Breaker,
    Bucket,
    ChannelTrouble,
    EventKey,
    Floor,
    Message,
    SenderChange,
    ServiceWindow,
    WebhookEvent,
)
from tests.cast import NOON, Cast


def fill(cast: Cast) -> None:
    """Rows around Davi's conversation; the scope of his workspace is open."""
    of_lead = {"workspace": cast.acme, "lead": cast.davi}
    message = words_of_davi(cast)
    record_decision(lead=cast.davi, actor="gate", kind="message.suppressed", reason="Because.", now=NOON)
    Consent.objects.create(**of_lead, channel_kind="webchat", purpose="service", state="granted", source="x", at=NOON)
    Hold.objects.create(**of_lead, kind="in_conversation")
    Activity.objects.create(**of_lead, kind="message_reply", points=5, key="k", at=NOON)
    _messaging(cast, message)
    _agents(cast, message)
    _handover(cast)


def words_of_davi(cast: Cast, body: str = "I want to talk to a human", position: int = 1) -> Message:
    return Message.objects.create(
        workspace=cast.acme,
        conversation=cast.conversation,
        lead=cast.davi,
        channel=cast.channel,
        direction="in",
        voice="customer",
        status="received",
        body=body,
        position=position,
        seq=position,
        at=NOON,
        provider_id=f"SM{position}",
    )


def withheld_reply(cast: Cast, position: int = 2, **changes: object) -> Message:
    verdict = {
        "outcome": "suppress",
        "code": "window_closed",
        "reason": "The customer wrote more than 24 hours ago.",
        "facts": {"window_closes_at": None},
        "until": None,
    }
    wanted = {"status": "suppressed", "voice": "ai", "body": "Good morning", "verdict": verdict, **changes}
    return Message.objects.create(
        workspace=cast.acme,
        conversation=cast.conversation,
        lead=cast.davi,
        channel=cast.channel,
        direction="out",
        position=position,
        seq=position,
        at=NOON,
        intent_key=f"test:{cast.conversation.pk}:{position}",
        epoch=1,
        priority=2,
        **wanted,
    )


def _messaging(cast: Cast, message: Message) -> None:
    of_lead = {"workspace": cast.acme, "lead": cast.davi}
    ServiceWindow.objects.create(
        workspace=cast.acme,
        conversation=cast.conversation,
        channel=cast.channel,
        opened_at=NOON,
        closes_at=NOON + timedelta(hours=24),
    )
    Floor.objects.create(**of_lead, holder="human", user=cast.bruno, priority=1, epoch=3)
    Attempt.objects.create(
        **of_lead, message=withheld_reply(cast), number=1, epoch=1, state="accepted", started_at=NOON, deadline_at=NOON
    )
    of_channel = {"workspace": cast.acme, "channel": cast.channel}
    Bucket.objects.create(workspace=cast.acme, key=f"sender:{cast.channel.pk}", full_at=NOON)
    Breaker.objects.create(**of_channel)
    SenderChange.objects.create(**of_channel, at=NOON, sending="paused", actor="Ana", user=cast.ana)
    ChannelTrouble.objects.create(**of_channel, code="63018", meaning="Too fast", first_at=NOON, last_at=NOON)
    EventKey.objects.create(source="whatsapp_twilio", source_id=1, key="SM1", received_at=NOON)
    WebhookEvent.objects.create(
        workspace_id=cast.acme.pk,
        source="whatsapp_twilio",
        source_id=cast.channel.pk,
        kind="inbound",
        order_key="whatsapp:+5511987654321",
        key="SM1",
        body=b"MessageSid=SM1&Body=Ol%C3%A1%00+%FF",
        received_at=NOON,
        state="parked",
        error="UnreadablePayload: no sender",
    )


def _agents(cast: Cast, message: Message) -> None:
    of_lead = {"workspace": cast.acme, "lead": cast.davi}
    Turn.objects.create(
        **of_lead,
        conversation=cast.conversation,
        state="parked",
        opened_at=NOON,
        due_at=NOON,
        newest=message,
        reason="Failed five times.",
    )
    AgentState.objects.create(**of_lead, agent="primary", state="ACTIVE", changed_at=NOON)
    AgentMessage.objects.create(
        **of_lead, kind="handover_request", sender="primary", recipient="monitor", reason="asked", at=NOON
    )
    StaffAlert.objects.create(**of_lead, user=cast.bruno, key="k", subject="Davi waits", body="…", created_at=NOON)
    KnowledgeEntry.objects.create(workspace=cast.acme, question="Price?", answer="Ten.")


def _handover(cast: Cast) -> None:
    of_lead = {"workspace": cast.acme, "lead": cast.davi}
    handover = waiting_handover(cast)
    Booking.objects.create(**of_lead, handover=handover, url="https://book.test/secret-link", offered_at=NOON)
    CalendlyConnection.objects.create(
        workspace=cast.acme,
        event_type="https://api.calendly.com/event_types/A",
        secrets={"token": "calendly-secret", "signing_key": "signing-secret"},
    )
    HandoverPolicy.objects.get_or_create(workspace=cast.acme)
    OpeningHours.objects.create(workspace=cast.acme, weekday=0, opens=time(9), closes=time(18))
    Holiday.objects.create(workspace=cast.acme, date=NOON.date(), name="Founding day")


def waiting_handover(cast: Cast) -> Handover:
    handover = Handover.objects.create(
        workspace=cast.acme,
        lead=cast.davi,
        conversation=cast.conversation,
        trigger="explicit_request",
        reason="The customer asked for a person.",
        request="I want to talk to a human",
        requested_at=NOON,
    )
    for rung, minutes in (("resume", 60), ("alert", 15), ("bridge", 45), ("update", 30)):
        LadderStep.objects.create(
            workspace=cast.acme, handover=handover, rung=rung, due_at=NOON + timedelta(minutes=minutes)
        )
    return handover
