"""Templates from the providers' lists to the customer's phone: listed, moved by news, standing in, stopped."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from agents import coordinator
from crm.models import Consent
from messaging.models import (
    Bucket,
    Channel,
    ChannelTrouble,
    Message,
    MessageTemplate,
    Reach,
    ServiceWindow,
    TemplateUse,
)
from messaging.models.templates import TemplatePurpose
from messaging.services.missed import record_prices
from messaging.services.promotion import set_sending_policy
from messaging.services.reach import reached_by, take_reach
from messaging.services.template_forms import TemplateForm
from messaging.services.template_uses import preview_use, set_use
from messaging.services.templates import templates_of
from messaging.services.upkeep import EVERY, keep_up_one_due_channel, list_channel_templates, prune_buckets
from messaging.transports import ErrorKind, Seen, TransportError
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces, workspace_scope
from tests.doubles.twilio_content import Template
from tests.journeys.world import World

QUESTION = "How much is the basic plan?"


@pytest.fixture(autouse=True)
def _in_acme(world: World) -> Iterator[None]:
    with workspace_scope(world.acme):
        yield


def listed(world: World) -> dict[str, MessageTemplate]:
    list_channel_templates(channel(world), world.now)
    return {template.name: template for template in templates_of(world.channel)}


def channel(world: World) -> Channel:
    return Channel.objects.get(pk=world.channel.pk)


def add_reply_template(world: World, **more: Any) -> Template:
    """What the AI says when its answer comes too late, and it is in use."""
    body = "Hi {{1}}, we have an answer to your question. Reply to read it."
    made = world.twilio.content.add("we_have_an_answer", body, variables={"1": "Ana"}, **more)
    template = listed(world)["we_have_an_answer"]
    set_use(template=template, purpose=TemplatePurpose.AGENT_REPLY, values={"1": "{first_name|there}"})
    return made


def late_reply(world: World, form: TemplateForm | None = None, body: str = "It is 49 a month.", **more: Any) -> Message:
    """The AI answers after the window has closed."""
    conversation = world.conversation
    grant = coordinator.grant_floor(
        conversation=conversation, agent=coordinator.Agent.PRIMARY, reason="x", now=world.now
    )
    assert isinstance(grant, coordinator.Grant)
    message = coordinator.queue_message(
        conversation=conversation,
        voice="ai",
        body=body,
        intent_key=f"test:{world.now}:{body}"[:160],
        grant=grant,
        now=world.now,
        form=form or TemplateForm(purpose=TemplatePurpose.AGENT_REPLY),
        **more,
    )
    world.settle()
    return Message.objects.get(pk=message.pk)


def davi_is_away(world: World) -> None:
    world.davi_says(QUESTION)
    world.wait(hours=25)


def allow_marketing(world: World) -> None:
    lead = world.conversation.lead
    kind = world.channel.kind
    Consent.objects.create(
        workspace=world.acme, lead=lead, channel_kind=kind, purpose="marketing", state="granted", source="x",
        at=world.now,
    )  # fmt: skip


# -- the list ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", ["flat", "nested", "list"])
def test_all_pages_are_read_whatever_the_shape_of_the_approvals(world: World, shape: str) -> None:
    world.twilio.content.shape = shape
    for number in range(5):
        world.twilio.content.add(f"order_{number}", status=("approved", "paused")[number % 2])
    found = listed(world)
    assert sorted(found) == [f"order_{number}" for number in range(5)]
    assert [found[f"order_{number}"].status for number in range(3)] == ["approved", "paused", "approved"]
    assert len(world.twilio.content.requests) == 3


@pytest.mark.parametrize("fault", ["429", "broken", "foreign"])
def test_half_a_list_changes_nothing_and_says_why(world: World, fault: str) -> None:
    for number in range(3):
        world.twilio.content.add(f"order_{number}")
    listed(world)
    world.twilio.content.faults = [fault]
    with pytest.raises(TransportError):
        list_channel_templates(channel(world), world.now)
    assert {template.status for template in templates_of(world.channel)} == {"approved"}
    assert channel(world).templates_error


def test_a_template_that_makes_no_sense_loses_nothing_of_the_others_and_does_not_count_as_gone(world: World) -> None:
    world.twilio.content.add("first")
    world.twilio.content.add("second")
    listed(world)
    world.twilio.content.faults = ["odd"]
    found = listed(world)
    assert (found["first"].status, found["second"].status) == ("approved", "approved")


def test_what_is_no_longer_listed_is_gone_and_its_history_stays(world: World) -> None:
    made = add_reply_template(world)
    world.twilio.content.templates.remove(made)
    world.wait(minutes=1)
    template = listed(world)["we_have_an_answer"]
    assert template.status == "gone"
    assert list(template.changes.order_by("id").values_list("before", "after")) == [
        ("", "approved"),
        ("approved", "gone"),
    ]
    [trouble] = ChannelTrouble.objects.all()
    assert "It is used for: the ai has an answer, but the window has closed" in trouble.meaning


def test_upkeep_is_a_due_row_for_each_channel(world: World) -> None:
    world.twilio.content.add("order_update")
    assert keep_up_one_due_channel(world.now)
    assert not keep_up_one_due_channel(world.now)
    assert templates_of(world.channel).count() == 1
    assert channel(world).upkeep_due_at == world.now + EVERY


# -- standing in ---------------------------------------------------------------------------------------------


def test_inside_the_window_the_words_leave_as_they_are(world: World) -> None:
    add_reply_template(world)
    world.davi_says(QUESTION)
    assert late_reply(world).body == "It is 49 a month."
    assert world.twilio.messages()[-1].content_sid == ""


def test_outside_the_window_the_template_of_the_purpose_leaves_filled(world: World) -> None:
    made = add_reply_template(world)
    davi_is_away(world)
    message = late_reply(world)
    booked = world.twilio.messages()[-1]
    assert (booked.content_sid, booked.content_variables, booked.body) == (made.sid, '{"1": "Davi"}', "")
    assert message.body == "Hi Davi, we have an answer to your question. Reply to read it."
    assert message.payload["template"]["instead_of"] == "It is 49 a month."
    assert world.trail("message.templated")


def test_without_a_template_the_verdict_says_that_one_is_needed(world: World) -> None:
    davi_is_away(world)
    message = late_reply(world)
    assert (message.status, message.verdict["code"]) == ("suppressed", "window_closed")


def test_the_customers_language_is_chosen_before_english(world: World) -> None:
    add_reply_template(world)
    body = "Oi {{1}}, temos uma resposta para a sua pergunta. Responda para ler."
    made = world.twilio.content.add("temos_resposta", body, language="pt_BR", variables={"1": "Ana"})
    set_use(template=listed(world)["temos_resposta"], purpose="agent_reply", values={"1": "{first_name|você}"})
    davi_is_away(world)
    lead = world.conversation.lead
    lead.language = "pt"
    lead.save(update_fields=["language"])
    late_reply(world)
    assert world.twilio.messages()[-1].content_sid == made.sid


def test_a_variable_without_a_word_is_a_clear_verdict(world: World) -> None:
    add_reply_template(world)
    use = TemplateUse.objects.get()
    set_use(template=use.template, purpose=use.purpose, values={"1": "{company}"})
    davi_is_away(world)
    message = late_reply(world)
    assert message.verdict["code"] == "template_unfit"
    assert "there is nothing for {{1}}" in message.verdict["reason"]


@pytest.mark.parametrize(
    ("status", "code"),
    [("paused", "template_paused"), ("rejected", "template_stopped"), ("pending", "template_not_approved")],
)
def test_a_template_that_may_not_be_sent_is_not_sent(world: World, status: str, code: str) -> None:
    made = add_reply_template(world)
    made.status = status
    world.wait(seconds=1)
    listed(world)
    davi_is_away(world)
    before = len(world.twilio.messages())
    assert late_reply(world).verdict["code"] == code
    assert len(world.twilio.messages()) == before


def test_a_paused_template_stops_what_waits_at_once_and_approval_frees_it(world: World) -> None:
    """Marketing waits for it; it leaves as soon as the provider lets it."""
    made = add_reply_template(world)
    davi_is_away(world)
    allow_marketing(world)
    made.status = "paused"
    world.wait(seconds=1)
    listed(world)
    message = late_reply(world, purpose="marketing")
    assert (message.status, message.verdict["code"]) == ("queued", "template_paused")
    assert message.due_at == world.now + timedelta(hours=1)
    made.status = "approved"
    world.wait(minutes=5)
    listed(world)
    world.settle()
    assert Message.objects.get(pk=message.pk).status == "accepted"


def test_a_marketing_template_needs_consent_to_marketing_whatever_it_is_for(world: World) -> None:
    add_reply_template(world, category="MARKETING")
    davi_is_away(world)
    assert late_reply(world).verdict["code"] == "no_consent"
    allow_marketing(world)
    world.wait(minutes=1)
    assert late_reply(world).status == "accepted"


# -- the provider's clock ------------------------------------------------------------------------------------


def test_a_provider_that_finds_the_window_closed_gets_the_template_once(world: World) -> None:
    made = add_reply_template(world)
    world.twilio.fault("error", code=63016, times=2)
    world.davi_says(QUESTION)
    [message] = Message.objects.filter(direction="out")
    world.wait(seconds=1)
    message.refresh_from_db()
    assert message.status == "failed"  # the template was refused for the same reason: it is not tried for ever
    assert message.attempts_made == 2
    world.wait(minutes=1)
    assert late_reply(world).status == "accepted"
    assert world.twilio.messages()[-1].content_sid == made.sid
    assert ServiceWindow.objects.get().closes_at < world.now


def test_a_template_that_the_provider_refuses_has_the_list_read_again(world: World) -> None:
    add_reply_template(world)
    davi_is_away(world)
    Channel.objects.filter(pk=world.channel.pk).update(upkeep_due_at=None)
    world.twilio.fault("error", code=63028)
    assert late_reply(world).status == "failed"
    assert channel(world).upkeep_due_at == world.now


def test_an_address_that_nobody_has_is_left_alone_until_they_write(world: World) -> None:
    world.twilio.fault("error", code=63024)
    world.davi_says(QUESTION)
    world.wait(seconds=1)
    refused = late_reply(world)
    assert refused.verdict["code"] == "invalid_address"
    world.davi_says("Hello again?")
    assert Message.objects.filter(direction="out").order_by("position").last().status == "accepted"


def test_a_text_that_is_too_long_is_refused_and_the_team_is_told(world: World) -> None:
    world.davi_says(QUESTION)
    message = late_reply(world, body="x" * 1601)
    assert message.verdict["code"] == "too_long"
    assert "1,601" in message.verdict["reason"]


# -- how many people -----------------------------------------------------------------------------------------


def test_the_people_outside_the_window_are_counted_in_a_moving_day(world: World) -> None:
    add_reply_template(world)
    Channel.objects.filter(pk=world.channel.pk).update(reach_limit=1)
    davi_is_away(world)
    with across_workspaces():
        other = world.conversation.lead
    assert take_reach(channel=channel(world), lead_id=other.pk, now=world.now) is None
    assert reached_by(channel(world), world.now).people == 1
    assert late_reply(world).status == "accepted"  # who was reached already takes no place
    Reach.objects.update(lead=_somebody_else(world))
    world.wait(minutes=1)
    waiting = late_reply(world, body="Again")
    assert (waiting.status, waiting.verdict["code"]) == ("queued", "reach_limit")
    world.wait(hours=24)
    assert Message.objects.get(pk=waiting.pk).status == "accepted"


def _somebody_else(world: World) -> Any:
    from crm.models.people import IdentityKind
    from crm.services.leads import find_or_create_lead

    return find_or_create_lead(
        workspace=world.acme, identities=[(IdentityKind.PHONE, "+5511900000009")], name="Ede", now=world.now
    )


def test_an_operators_figure_counts_before_the_providers(world: World) -> None:
    Channel.objects.filter(pk=world.channel.pk).update(
        reach_limit=250, settings={**world.channel.settings, "messaging_limit": "unlimited"}
    )
    assert reached_by(channel(world), world.now).limit is None


# -- people --------------------------------------------------------------------------------------------------


def test_a_person_sends_a_template_that_they_chose(world: World) -> None:
    made = add_reply_template(world)
    davi_is_away(world)
    template = MessageTemplate.objects.get()
    form = TemplateForm(template=template, variables={"1": "Davi"}, always=True)
    message = coordinator.send_as_person(
        conversation=world.conversation, user=world.bruno, body="Hi Davi, …", form=form, now=world.now
    )
    world.settle()
    booked = world.twilio.messages()[-1]
    assert (booked.content_sid, booked.content_variables) == (made.sid, '{"1": "Davi"}')
    assert Message.objects.get(pk=message.pk).body.startswith("Hi Davi, we have an answer")


def test_what_a_person_typed_is_never_exchanged_for_a_template(world: World) -> None:
    add_reply_template(world)
    davi_is_away(world)
    assert world.bruno_says("Hello Davi").verdict["code"] == "window_closed"


def test_a_use_says_which_word_it_does_not_know(world: World) -> None:
    add_reply_template(world)
    template = MessageTemplate.objects.get()
    with pytest.raises(WrongValues) as refused:
        set_use(template=template, purpose="bridge", values={"1": "{surname}", "2": "x"})
    assert set(refused.value.problems) == {"value_1", "value_2"}
    assert preview_use(template=template, values={"1": "{name}"}, lead=None).text.startswith("Hi Ana")


def test_a_paused_sender_is_said_and_not_exchanged(world: World) -> None:
    """The lead keeps the sender it was reached by, although another one of the workspace could send."""
    world.davi_says(QUESTION)
    Channel.objects.create(workspace=world.acme, kind="whatsapp_twilio", name="Second", sender="whatsapp:+14155550100")
    Channel.objects.filter(pk=world.channel.pk).update(paused_at=world.now, paused_reason="Quality.")
    message = late_reply(world)
    assert (message.status, message.channel_id, message.verdict["code"]) == (
        "queued",
        world.channel.pk,
        "sender_paused",
    )


def test_three_free_days_begin_with_the_answer_to_an_advertisement(world: World) -> None:
    world.davi_says(
        QUESTION, ReferralSourceId="120", ReferralSourceType="ad", ReferralCtwaClid="ARA", ReferralHeadline="x"
    )
    window = ServiceWindow.objects.get()
    assert window.ad_clicked_at == world.now
    assert window.free_until == world.now + timedelta(hours=72)
    assert window.closes_at == world.now + timedelta(hours=24)


def test_an_error_kind_is_told(world: World) -> None:
    world.twilio.content.faults = ["429"]
    with pytest.raises(TransportError) as refused:
        list_channel_templates(channel(world), world.now)
    assert refused.value.kind == ErrorKind.RATE_LIMITED


# -- marketing, prices, and what is thrown away --------------------------------------------------------------


def test_marketing_keeps_the_cap(world: World) -> None:
    add_reply_template(world)
    davi_is_away(world)
    allow_marketing(world)
    set_sending_policy(workspace_id=world.acme.pk, changes={"marketing_cap": 1})
    first = late_reply(world, purpose="marketing")
    assert first.status == "accepted"
    world.wait(minutes=1)
    second = late_reply(world, body="More", purpose="marketing")
    assert (second.verdict["code"], second.due_at) == ("frequency_cap", first.sent_at + timedelta(days=7))


def test_marketing_waits_for_the_morning_where_the_customer_lives_and_an_answer_does_not(world: World) -> None:
    add_reply_template(world)
    davi_is_away(world)
    allow_marketing(world)
    lead = world.conversation.lead
    lead.timezone = "Asia/Tokyo"  # it is ten at night there
    lead.save(update_fields=["timezone"])
    assert late_reply(world, body="An answer").status == "accepted"
    world.wait(minutes=1)
    waiting = late_reply(world, body="News", purpose="marketing")
    assert (waiting.verdict["code"], waiting.due_at) == ("quiet_hours", datetime(2026, 11, 21, 23, tzinfo=UTC))


def test_marketing_to_the_united_states_is_refused(world: World) -> None:
    add_reply_template(world)
    world.davi_says(QUESTION, phone="+14155550123")
    world.wait(hours=25)
    allow_marketing(world)
    assert late_reply(world, purpose="marketing").verdict["code"] == "us_marketing"
    world.wait(minutes=1)
    assert late_reply(world).status == "accepted"


def test_what_a_message_costs_is_taken_from_the_list(world: World) -> None:
    world.davi_says(QUESTION)
    [message] = Message.objects.filter(direction="out")
    seen = Seen(
        message.provider_id, "", "", "", "sent", "", "outbound", world.now, world.now, price="-0.0042", price_unit="USD"
    )
    for _ in range(2):
        record_prices(channel(world), [seen])
    message.refresh_from_db()
    assert message.payload["pricing"] == {"price": "0.0042", "currency": "USD"}


def test_buckets_that_are_long_full_are_thrown_away(world: World) -> None:
    world.davi_says(QUESTION)
    assert Bucket.objects.exists()
    assert prune_buckets(world.acme.pk, world.now) == 0
    assert prune_buckets(world.acme.pk, world.now + timedelta(hours=2)) > 0
    assert not Bucket.objects.exists()
