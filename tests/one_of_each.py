"""One row of every model, for tests that walk all of them."""

from datetime import time, timedelta

from agents.models import (
    AgentMessage,
    AgentState,
    Asking,
    Correction,
    Extraction,
    KnowledgeChunk,
    KnowledgeEntry,
    KnowledgeSource,
    LeadFact,
    LeadScore,
    LeadTag,
    ModelCall,
    ModelDay,
    ModelLimits,
    ModelTrouble,
    StaffAlert,
    ToolCall,
    TrainedLayer,
    Turn,
    TurnQuality,
    UnansweredQuestion,
    WorkspaceTool,
)
from analytics.models import HandoverVerdict
from crm.models import (
    Activity,
    Consent,
    Hold,
    Lead,
    LeadMerge,
    MergeProposal,
    PeoplePolicy,
    Product,
    StockAlert,
    Suppression,
)
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
    Attachment,
    Attempt,
    Breaker,
    Bucket,
    ChannelTrouble,
    EventKey,
    Floor,
    LinkClick,
    LinkPolicy,
    Message,
    MessageTemplate,
    Reach,
    SenderChange,
    SendingPolicy,
    ServiceWindow,
    TemplateChange,
    TemplateUse,
    TrackedLink,
    WebhookEvent,
)
from tests.cast import NOON, Cast
from webhooks.models import DeliveryTry
from webhooks.services.subscriptions import create_subscription, send_test


def fill(cast: Cast) -> None:
    """Rows around Davi's conversation; the scope of his workspace is open."""
    of_lead = {"workspace": cast.acme, "lead": cast.davi}
    message = words_of_davi(cast)
    record_decision(lead=cast.davi, actor="gate", kind="message.suppressed", reason="Because.", now=NOON)
    Consent.objects.create(**of_lead, channel_kind="webchat", purpose="service", state="granted", source="x", at=NOON)
    Hold.objects.create(**of_lead, kind="in_conversation")
    twin = Lead.objects.create(workspace=cast.acme, name="Twin")
    pair = {"first": min(cast.davi, twin, key=_number), "second": max(cast.davi, twin, key=_number)}
    MergeProposal.objects.create(workspace=cast.acme, **pair, reason="A contact was shared.", proposed_at=NOON)
    LeadMerge.objects.create(
        workspace=cast.acme, kept=cast.davi, gone=twin, reason="x", actor="Ana", merged_at=NOON, undone_at=NOON
    )
    Suppression.objects.create(workspace=cast.acme, kind="phone", value="+4930123456", source="old")
    PeoplePolicy.objects.create(workspace=cast.acme)
    Activity.objects.create(**of_lead, kind="message_reply", points=5, key="k", at=NOON)
    _messaging(cast, message)
    _agents(cast, message)
    _handover(cast)
    _webhooks(cast)


def _number(lead: Lead) -> int:
    return lead.pk


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
    Attachment.objects.create(
        workspace=cast.acme, message=message, state="refused", reason="Too large.", created_at=NOON
    )
    LinkPolicy.objects.create(workspace=cast.acme)
    link = TrackedLink.objects.create(
        **of_lead, message=message, shown="https://acme.test", destination="https://acme.test", expires_at=NOON
    )
    LinkClick.objects.create(workspace=cast.acme, link=link, day=NOON.date(), at=NOON)
    of_channel = {"workspace": cast.acme, "channel": cast.channel}
    Bucket.objects.create(workspace=cast.acme, key=f"sender:{cast.channel.pk}", full_at=NOON)
    Breaker.objects.create(**of_channel)
    SenderChange.objects.create(**of_channel, at=NOON, sending="paused", actor="Ana", user=cast.ana)
    ChannelTrouble.objects.create(**of_channel, code="63018", meaning="Too fast", first_at=NOON, last_at=NOON)
    _templates(cast)
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


def _templates(cast: Cast) -> None:
    template = MessageTemplate.objects.create(
        workspace=cast.acme,
        channel_kind=cast.channel.kind,
        account=cast.channel.settings["account_sid"],
        provider_id="HX1",
        reference="HX1",
        name="order_update",
        language="en",
        status="approved",
        category="utility",
        body="Hi {{1}}, your order is on its way.",
        variables={"1": "Ana"},
    )
    of_template = {"workspace": cast.acme, "template": template}
    TemplateChange.objects.create(**of_template, at=NOON, what="status", after="approved")
    TemplateUse.objects.create(**of_template, purpose="bridge", values={"1": "{first_name|there}"})
    Reach.objects.create(workspace=cast.acme, account="whatsapp_twilio:AC1", lead=cast.davi, reached_at=NOON)
    SendingPolicy.objects.create(workspace=cast.acme)


def _agents(cast: Cast, message: Message) -> None:
    of_lead = {"workspace": cast.acme, "lead": cast.davi}
    turn = Turn.objects.create(
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
    taught = {"corrected_by": cast.bruno, "corrected_at": NOON, "digest": "d", "text": "t", "intent": "pricing"}
    Correction.objects.create(**of_lead, message=message, **taught)
    TrainedLayer.objects.create(workspace=cast.acme)
    LeadFact.objects.create(**of_lead, field="company", value="Prado", source="offline", confidence=0.8, at=NOON)
    LeadTag.objects.create(**of_lead, name="healthcare", source="offline", at=NOON)
    LeadScore.objects.create(**of_lead, engagement=20, computed_at=NOON)
    Extraction.objects.create(
        **of_lead, conversation=cast.conversation, state="parked", why="x", due_at=NOON, finished_at=NOON
    )
    TurnQuality.objects.create(workspace=cast.acme, turn=turn, step="reply", coherence=1, at=NOON)
    _models(cast)
    _knowledge(cast, turn)


def _models(cast: Cast) -> None:
    of_endpoint = {"workspace": cast.acme, "endpoint": "api.openai.com", "model": "gpt-test"}
    ModelCall.objects.create(**of_endpoint, lead=cast.davi, crew="intent", outcome="answered", at=NOON)
    ModelTrouble.objects.create(**of_endpoint, cause="quota", first_at=NOON, last_at=NOON)
    ModelDay.objects.create(workspace=cast.acme, day=NOON.date())
    ModelLimits.objects.create(workspace=cast.acme, per_day=5)


def _knowledge(cast: Cast, turn: Turn) -> None:
    of_lead = {"workspace": cast.acme, "lead": cast.davi}
    source = KnowledgeSource.objects.create(
        workspace=cast.acme, kind="text", title="Terms", original=b"Ten days.", due_at=NOON, created_at=NOON
    )
    KnowledgeChunk.objects.create(workspace=cast.acme, source=source, position=0, title="Terms", text="Ten days.")
    question = UnansweredQuestion.objects.create(
        workspace=cast.acme, text="Parking?", terms=["parki"], first_asked_at=NOON, last_asked_at=NOON
    )
    Asking.objects.create(**of_lead, question=question, turn=turn, text="Parking?", at=NOON)
    WorkspaceTool.objects.create(
        workspace=cast.acme,
        name="order_status",
        description="Where an order is.",
        url="https://acme.test/orders",
        callers=["customer"],
        secrets={"signing_key": "tool-signing-secret"},
        created_at=NOON,
    )
    ToolCall.objects.create(**of_lead, turn=turn, tool="check_stock", caller="customer", state="done", at=NOON)
    product = Product.objects.create(
        workspace=cast.acme, sku="MUG", name="Mug", price=10, currency="EUR", stock=0, updated_at=NOON
    )
    StockAlert.objects.create(**of_lead, product=product, context="Tell me!", requested_at=NOON)


def _handover(cast: Cast) -> None:
    of_lead = {"workspace": cast.acme, "lead": cast.davi}
    handover = waiting_handover(cast)
    HandoverVerdict.objects.create(workspace=cast.acme, handover=handover, was_needed=True, user=cast.bruno, at=NOON)
    Booking.objects.create(**of_lead, handover=handover, url="https://book.test/secret-link", offered_at=NOON)
    CalendlyConnection.objects.create(
        workspace=cast.acme,
        event_type="https://api.calendly.com/event_types/A",
        secrets={"token": "calendly-secret", "signing_key": "signing-secret"},
    )
    HandoverPolicy.objects.get_or_create(workspace=cast.acme)
    OpeningHours.objects.create(workspace=cast.acme, weekday=0, opens=time(9), closes=time(18))
    Holiday.objects.create(workspace=cast.acme, date=NOON.date(), name="Founding day")


def _webhooks(cast: Cast) -> None:
    subscription = create_subscription(
        workspace=cast.acme, url="https://crm.example.com/", events=["lead.created"], now=NOON
    )
    delivery = send_test(subscription=subscription, now=NOON)
    DeliveryTry.objects.create(workspace=cast.acme, delivery=delivery, number=1, at=NOON, seconds=0.1, status_code=500)


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
