"""Templates of an account at Meta: the list, the news, and what is sent."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from messaging import account_port
from messaging.models import Channel, ChannelTrouble, MessageTemplate
from messaging.services.reach import limit_of
from messaging.services.template_drafts import UnableToSubmit, create_template
from messaging.services.upkeep import keep_up_one_due_channel, list_channel_templates
from messaging.templating import Button, Draft
from messaging.transports import Outgoing, TransportError, transport_for
from project.kernel.scope import workspace_scope
from tests.cast import NOON, found
from tests.doubles.cloud import CloudDouble
from tests.doubles.cloud_updates import news
from tests.messaging.channels.cloud import connect, deliver

pytestmark = pytest.mark.django_db

BODY = "Hi {{1}}, your order {{2}} is on its way to you."


@pytest.fixture
def meta() -> Iterator[CloudDouble]:
    with CloudDouble() as double:
        yield double


@pytest.fixture
def channel(meta: CloudDouble) -> Iterator[Channel]:
    acme = found("acme", "ana@acme.test")
    channel = connect(acme, now=NOON, api_base=meta.url)
    with workspace_scope(acme):
        yield channel


def listed(channel: Channel) -> dict[str, MessageTemplate]:
    list_channel_templates(channel, NOON)
    return {template.name: template for template in MessageTemplate.objects.all()}


def tell(channel: Channel, field: str, template: dict[str, Any], minutes: int = 1, **value: Any) -> None:
    """As Meta spells them in news: the id a number, the language with a hyphen."""
    named = {
        "message_template_id": int(template["id"]),
        "message_template_name": template["name"],
        "message_template_language": template["language"].replace("_", "-"),
    }
    content = news(field, 1_763_640_000 + minutes, **named, **value)
    deliver(channel, content, now=NOON + timedelta(minutes=minutes))


def test_all_pages_are_read_by_cursors_and_never_by_the_address_that_holds_the_token(
    channel: Channel, meta: CloudDouble
) -> None:
    for number in range(5):
        meta.registry.add(f"order_{number}", BODY)
    assert len(listed(channel)) == 5
    assert [request.query.get("after") for request in meta.registry.requests] == [None, "2", "4"]


def test_what_a_template_says_is_read(channel: Channel, meta: CloudDouble) -> None:
    parts = [
        {"type": "HEADER", "format": "TEXT", "text": "Your order"},
        {"type": "BODY", "text": BODY, "example": {"body_text": [["Ana", "4711"]]}},
        {"type": "FOOTER", "text": "Acme"},
        {"type": "BUTTONS", "buttons": [{"type": "URL", "text": "Look", "url": "https://acme.test"}]},
    ]
    meta.registry.add("order_update", components=parts, quality_score={"score": "YELLOW"})
    meta.registry.add("pictured", components=[{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hi"}])
    found = listed(channel)
    order = found["order_update"]
    assert (order.header, order.footer, order.quality, order.reference) == (
        "Your order", "Acme", "yellow", "order_update/en_US",
    )  # fmt: skip
    assert order.variables == {"1": "Ana", "2": "4711"}
    assert order.buttons == [{"kind": "url", "text": "Look", "value": "https://acme.test"}]
    assert (order.is_usable, found["pictured"].is_usable) == (True, False)
    assert "needs a image" in found["pictured"].unsupported


@pytest.mark.parametrize("fault", ["429", "broken"])
def test_half_a_list_changes_nothing(channel: Channel, meta: CloudDouble, fault: str) -> None:
    meta.registry.add("order_update")
    listed(channel)
    meta.registry.faults = [fault]
    with pytest.raises(TransportError):
        list_channel_templates(channel, NOON)
    assert MessageTemplate.objects.get().status == "approved"


def test_paused_then_approved(channel: Channel, meta: CloudDouble) -> None:
    template = meta.registry.add("promo")
    listed(channel)
    event = "message_template_status_update"
    tell(channel, event, template, event="PAUSED", reason="LOW_QUALITY", other_info={"title": "FIRST_PAUSE"})
    paused = MessageTemplate.objects.get()
    assert (paused.status, paused.paused_until) == ("paused", NOON + timedelta(minutes=1, hours=3))
    assert ChannelTrouble.objects.get().meaning == "Template promo (en_US): paused (low quality)"
    tell(channel, event, template, minutes=2, event="APPROVED", reason="NONE")
    approved = MessageTemplate.objects.get()
    assert (approved.status, approved.paused_until, approved.reason) == ("approved", None, "")
    assert [change.after for change in approved.changes.order_by("id")] == ["approved", "paused", "approved"]


def test_quality_and_category_are_told_and_kept(channel: Channel, meta: CloudDouble) -> None:
    template = meta.registry.add("promo")
    listed(channel)
    tell(channel, "message_template_quality_update", template, new_quality_score="RED")
    tell(channel, "template_category_update", template, minutes=2, new_category="MARKETING")
    moved = MessageTemplate.objects.get()
    assert (moved.quality, moved.category, moved.status) == ("red", "marketing", "approved")
    assert ChannelTrouble.objects.count() == 2


def test_a_list_that_was_asked_for_before_the_news_does_not_undo_it(channel: Channel, meta: CloudDouble) -> None:
    template = meta.registry.add("promo")
    listed(channel)
    tell(channel, "message_template_status_update", template, event="DISABLED")
    listed(channel)  # asked at noon; the news came a minute later
    assert MessageTemplate.objects.get().status == "disabled"


def test_news_of_a_template_that_is_not_known_has_the_list_read_soon(channel: Channel, meta: CloudDouble) -> None:
    assert keep_up_one_due_channel(NOON)
    template = meta.registry.add("made_elsewhere")
    tell(channel, "message_template_status_update", template, event="APPROVED")
    assert keep_up_one_due_channel(NOON + timedelta(minutes=1))
    assert MessageTemplate.objects.get().name == "made_elsewhere"


@pytest.mark.parametrize(
    "value", [{}, {"event": ["PAUSED"]}, {"event": "NEW_WORD"}, {"other_info": 7, "event": "PAUSED"}]
)
def test_odd_news_break_nothing(channel: Channel, meta: CloudDouble, value: dict[str, Any]) -> None:
    template = meta.registry.add("promo")
    listed(channel)
    tell(channel, "message_template_status_update", template, **value)
    assert MessageTemplate.objects.get().status in ("approved", "paused")


def test_a_template_is_created_with_its_examples_and_buttons(channel: Channel, meta: CloudDouble) -> None:
    draft = Draft(
        name="order_update", language="pt_BR", category="utility", body=BODY, examples={"1": "Ana", "2": "4711"},
        buttons=(Button("quick_reply", "Yes"),),
    )  # fmt: skip
    made = create_template(channel=channel, draft=draft, user=None, now=NOON)
    assert (made.status, made.reference, made.variables) == (
        "pending", "order_update/pt_BR", {"1": "Ana", "2": "4711"},
    )  # fmt: skip
    [asked] = [request for request in meta.registry.requests if request.method == "POST"]
    assert asked.json()["components"][0]["example"] == {"body_text": [["Ana", "4711"]]}
    meta.registry.faults = ["429"]
    with pytest.raises(UnableToSubmit, match="refused"):
        create_template(channel=channel, draft=Draft(**{**_fields(draft), "name": "b"}), user=None, now=NOON)


def _fields(draft: Draft) -> dict[str, Any]:
    return {name: getattr(draft, name) for name in Draft.__slots__}


def test_a_template_that_is_paused_at_meta_is_refused_there(channel: Channel, meta: CloudDouble) -> None:
    meta.registry.add("promo", status="PAUSED")
    transport = transport_for(channel.kind, channel.settings, channel.secrets)
    with pytest.raises(TransportError) as refused:
        transport.send(Outgoing("m1", "+5511987654321", "", content_sid="promo/en_US"))
    assert refused.value.code == "132015"


def test_the_standing_and_the_limit_are_read(channel: Channel, meta: CloudDouble) -> None:
    meta.number["whatsapp_business_manager_messaging_limit"] = "TIER_2K"
    assert account_port.read_standing(channel.kind, channel.settings, channel.secrets).reach_limit == 2000
    assert keep_up_one_due_channel(NOON)
    channel.refresh_from_db()
    assert (limit_of(channel), channel.standing) == (2000, {"Quality": "green", "Limit": "2,000 people a day"})
    deliver(channel, news("business_capability_update", max_daily_conversations_per_business=10000), now=NOON)
    channel.refresh_from_db()
    assert limit_of(channel) == 10_000
