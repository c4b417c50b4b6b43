"""What becomes of Meta's updates: messages, what changes them, people, money, and news of the account."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from crm.models import Consent, Identity, TrailEntry, Workspace
from crm.models.consent import Hold
from messaging.channels.whatsapp_cloud.batches import updates_in
from messaging.models import Channel, ChannelTrouble, Conversation, Message, ServiceWindow, WebhookEvent
from messaging.services.inbox import apply_one_due_event
from messaging.services.receiving import preview_of
from project.kernel.due import drain
from project.kernel.scope import across_workspaces
from tests.cast import NOON, found
from tests.doubles.cloud_updates import (
    DAVI,
    DAVIS_ID,
    batch,
    delivery,
    message,
    metadata,
    news,
    preference,
    status,
    text,
)
from tests.messaging.channels.cloud import connect, deliver, knock

pytestmark = pytest.mark.django_db

LATER = NOON + timedelta(minutes=5)


@pytest.fixture
def acme() -> Workspace:
    return found("acme", "ana@acme.test")


@pytest.fixture
def channel(acme: Workspace) -> Channel:
    return connect(acme, now=NOON)


@pytest.fixture(autouse=True)
def _scope() -> Any:
    with across_workspaces():
        yield


def states() -> dict[str, str]:
    return dict(WebhookEvent.objects.exclude(kind="batch").values_list("key", "state"))


def told(kind: str) -> list[str]:
    return list(TrailEntry.objects.filter(kind=kind).order_by("id").values_list("reason", flat=True))


# -- batches -----------------------------------------------------------------------------------------------


def test_each_update_of_a_batch_is_an_event_with_its_own_keys(channel: Channel) -> None:
    said = [text("one", at=NOON), text("two", at=NOON, sender="", user_id="US.1"), text("three", at=NOON)]
    content = batch(messages=said, statuses=[status("wamid.x", "sent", at=NOON)])
    knock(channel, content, now=NOON)
    apply_one_due_event(NOON)

    events = WebhookEvent.objects.exclude(kind="batch").order_by("id")
    assert [(event.kind, event.key, event.order_key) for event in events] == [
        *[("inbound", one["id"], one["from_user_id"]) for one in said],
        ("status", "wamid.x:sent", "wamid.x"),
    ]


def test_what_comes_again_in_another_batch_adds_nothing(channel: Channel) -> None:
    first, second = text("one", at=NOON), text("two", at=NOON)
    deliver(channel, batch(messages=[first]), now=NOON)
    deliver(channel, batch(messages=[first, second, first]), now=NOON)
    deliver(channel, batch(messages=[second, first]), now=NOON)

    assert [said.body for said in Message.objects.order_by("position")] == ["one", "two"]
    assert set(states().values()) == {"applied"}


def test_a_batch_that_died_half_way_is_taken_apart_again_from_the_start(channel: Channel) -> None:
    knock(channel, batch(messages=[text("one", at=NOON), text("two", at=NOON)]), now=NOON)
    with pytest.raises(RuntimeError), transaction.atomic():
        apply_one_due_event(NOON)
        assert WebhookEvent.objects.count() == 3
        raise RuntimeError("the process ended")
    assert WebhookEvent.objects.count() == 1

    drain(apply_one_due_event, clock=lambda: LATER)
    assert [said.body for said in Message.objects.order_by("position")] == ["one", "two"]


def test_one_update_that_makes_no_sense_takes_no_neighbour_along(channel: Channel) -> None:
    content = batch(messages=[text("one", at=NOON), text("two", at=NOON)])
    value = content["entry"][0]["changes"][0]["value"]
    value["messages"][1:1] = ["a word", None, {"id": "wamid.1"}, {}]
    value["statuses"] = {"id": 5}
    content["entry"][0]["changes"] += ["x", {"field": 1}, {"field": "flows", "value": {"a": 1}}]
    content["entry"].append(None)
    with pytest.raises(ValueError, match="changes"):
        list(updates_in(content))
    content["entry"].pop()
    deliver(channel, content, now=NOON)

    assert [said.body for said in Message.objects.order_by("position")] == ["one", "two"]
    parked = WebhookEvent.objects.filter(state="parked")
    assert parked.count() == 7
    assert all(event.error for event in parked)
    assert WebhookEvent.objects.get(kind="other").state == "ignored"


def test_another_number_of_the_app_is_served_by_its_own_channel(acme: Workspace, channel: Channel) -> None:
    second = connect(acme, now=NOON, sender="+14155238887", phone_number_id="200000000000001")
    deliver(channel, batch(messages=[text("Hi", at=NOON)], number_id="200000000000001"), now=NOON)

    assert Message.objects.get().channel == second


def test_a_number_that_is_not_connected_waits_for_its_channel(acme: Workspace, channel: Channel) -> None:
    strange = batch(
        messages=[text("Hi", at=NOON)], statuses=[status("wamid.x", "sent", at=NOON)], number_id="200000000000001"
    )
    deliver(channel, strange, now=NOON)
    assert sorted(states().values()) == ["ignored", "parked"]
    stray = WebhookEvent.objects.get(state="parked")
    assert "200000000000001" in stray.error

    second = connect(acme, now=NOON, sender="+14155238887", phone_number_id="200000000000001")
    WebhookEvent.objects.filter(pk=stray.pk).update(state="received", due_at=NOON, attempts_made=0)
    drain(apply_one_due_event, clock=lambda: LATER)
    assert Message.objects.get().channel == second


# -- messages ----------------------------------------------------------------------------------------------


def test_the_window_runs_from_meta_s_time_and_never_from_the_future(channel: Channel) -> None:
    deliver(channel, batch(messages=[text("late", at=NOON - timedelta(hours=3))]), now=NOON)
    assert ServiceWindow.objects.get().closes_at == NOON + timedelta(hours=21)

    deliver(channel, batch(messages=[text("early", at=NOON + timedelta(days=9))]), now=NOON)
    assert ServiceWindow.objects.get().closes_at == NOON + timedelta(hours=24)


def test_an_answer_quotes_what_it_answers(channel: Channel) -> None:
    first = text("Blue or red?", at=NOON)
    deliver(channel, batch(messages=[first]), now=NOON)
    deliver(channel, batch(messages=[text("Blue", at=NOON, context={"id": first["id"]})]), now=NOON)

    assert Message.objects.get(body="Blue").payload["quoted"] == "Blue or red?"


def test_the_advertisement_stays_on_the_first_message(channel: Channel) -> None:
    referral = {"source_id": "120", "source_type": "ad", "headline": "Chat with us", "ctwa_clid": "ARA"}
    deliver(channel, batch(messages=[text("Hi", at=NOON, referral=referral), text("Again", at=NOON)]), now=NOON)

    assert Message.objects.get(body="Hi").payload["referral"] == referral
    assert "referral" not in Message.objects.get(body="Again").payload


@pytest.mark.parametrize("form", ["type", "mark"])
def test_an_edit_shows_the_new_words_and_the_trail_keeps_the_old(channel: Channel, form: str) -> None:
    first = text("3 pm", at=NOON)
    deliver(channel, batch(messages=[first]), now=NOON)
    edit: dict[str, Any] = {"original_message_id": first["id"]}
    new = {"type": "text", "text": {"body": "5 pm"}}
    changed = message("edit", {**edit, "message": new}, at=NOON) if form == "type" else text("5 pm", at=NOON, edit=edit)
    deliver(channel, batch(messages=[changed]), now=LATER)

    said = Message.objects.get()
    assert (said.body, said.payload["edited"]) == ("5 pm", True)
    assert told("message.edited") == ["Davi changed “3 pm” to “5 pm”."]
    assert Conversation.objects.get().last_preview == "5 pm"


def test_an_edit_whose_original_never_came_is_received_itself(channel: Channel) -> None:
    edit = message(
        "edit",
        {"original_message_id": "wamid.lost", "message": {"type": "text", "text": {"body": "5 pm"}}},
        at=NOON,
    )
    deliver(channel, batch(messages=[edit]), now=NOON)
    original = {**text("3 pm", at=NOON), "id": "wamid.lost"}
    deliver(channel, batch(messages=[original]), now=LATER)

    assert Message.objects.get().body == "5 pm"


def test_a_deleted_message_is_empty_and_the_trail_keeps_its_words(channel: Channel) -> None:
    first = text("my password is 1234", at=NOON)
    deliver(channel, batch(messages=[first]), now=NOON)
    revoke = message("revoke", {"original_message_id": first["id"]}, at=NOON)
    deliver(channel, batch(messages=[revoke]), now=LATER)
    late_edit = message(
        "edit", {"original_message_id": first["id"], "message": {"type": "text", "text": {"body": "x"}}}, at=NOON
    )
    deliver(channel, batch(messages=[late_edit]), now=LATER)

    said = Message.objects.get()
    assert (said.body, preview_of(said)) == ("", "[Deleted by the customer]")
    assert told("message.deleted") == ["Davi deleted “my password is 1234”."]


def test_a_reaction_stands_on_its_message_and_can_be_taken_back(channel: Channel) -> None:
    first = text("Thanks", at=NOON)
    deliver(channel, batch(messages=[first]), now=NOON)
    conversation = Conversation.objects.get()
    for emoji in ("👍", "👍", ""):
        reaction = message("reaction", {"message_id": first["id"], **({"emoji": emoji} if emoji else {})}, at=NOON)
        deliver(channel, batch(messages=[reaction]), now=LATER)

    assert told("message.reacted") == [
        "Davi reacted with 👍 to “Thanks”.",
        "Davi took back the reaction to “Thanks”.",
    ]
    assert "reaction" not in Message.objects.get().payload
    assert Conversation.objects.get().turn_due_at == conversation.turn_due_at
    strange = message("reaction", {"message_id": "wamid.of.another.system", "emoji": "👍"}, at=NOON)
    deliver(channel, batch(messages=[strange]), now=LATER)
    assert states()[strange["id"]] == "ignored"


# -- people ------------------------------------------------------------------------------------------------


def test_one_person_is_found_by_phone_by_id_and_by_either(channel: Channel) -> None:
    for options in ({}, {"sender": ""}, {"user_id": ""}, {"user_id": "", "sender": "551187654321"}):
        deliver(channel, batch(messages=[text("Hi", at=NOON, **options)]), now=NOON)

    assert Conversation.objects.count() == 1
    assert set(Identity.objects.values_list("value", flat=True)) == {f"+{DAVI}", DAVIS_ID, "+551187654321"}


def test_a_mexican_number_with_and_without_its_1_is_one_person(channel: Channel) -> None:
    for sender in ("5215512345678", "525512345678"):
        deliver(channel, batch(messages=[text("Hola", at=NOON, sender=sender, user_id="")]), now=NOON)

    assert Conversation.objects.count() == 1


def test_a_new_number_is_the_same_person_and_gets_the_answers(channel: Channel) -> None:
    deliver(channel, batch(messages=[text("Hi", at=NOON)]), now=NOON)
    change = {
        "type": "user_changed_number", "wa_id": "5511912345678", "user_id": "BR.2",
        "body": "Davi changed from 5511987654321 to 5511912345678",
    }  # fmt: skip
    deliver(channel, batch(messages=[message("system", change, at=NOON)], contacts=[]), now=LATER)
    deliver(channel, batch(messages=[text("New phone", at=NOON, sender="", user_id="BR.2")]), now=LATER)

    assert Conversation.objects.count() == 1
    assert told("lead.identity_added") == [
        "Davi changed from 5511987654321 to 5511912345678. Known as +5511912345678, BR.2 too."
    ]


def test_a_new_number_that_somebody_else_has_merges_nobody(channel: Channel) -> None:
    deliver(channel, batch(messages=[text("Hi", at=NOON)]), now=NOON)
    deliver(channel, batch(messages=[text("Hi", at=NOON, sender="5511912345678", user_id="BR.9")]), now=NOON)
    change = {"type": "user_changed_number", "wa_id": "5511912345678"}
    deliver(channel, batch(messages=[message("system", change, at=NOON)], contacts=[]), now=LATER)

    assert Conversation.objects.count() == 2
    assert Identity.objects.get(value="+5511912345678").lead.identities.filter(value="BR.9").exists()
    assert told("lead.identity_added") == []


def newest_consent() -> str:
    return Consent.objects.order_by("-at", "-id").values_list("state", flat=True)[0]


def test_a_stop_of_marketing_is_kept_and_a_late_resume_does_not_undo_it(channel: Channel) -> None:
    deliver(channel, batch(messages=[text("Hi", at=NOON)]), now=NOON)
    deliver(channel, preference("stop", at=LATER), now=LATER)
    deliver(channel, preference("resume", at=NOON), now=LATER)

    [consent] = Consent.objects.all()
    assert (consent.purpose, consent.state, consent.at) == ("marketing", "withdrawn", LATER)
    assert Hold.objects.filter(kind="unsubscribed", released_at=None).exists()

    deliver(channel, preference("resume", at=LATER + timedelta(hours=1)), now=LATER + timedelta(hours=2))
    assert newest_consent() == "granted"
    assert not Hold.objects.filter(kind="unsubscribed", released_at=None).exists()


def test_a_stranger_s_stop_is_remembered_and_another_category_is_not_ours(channel: Channel) -> None:
    deliver(channel, preference("stop", at=NOON), now=NOON)
    deliver(channel, preference("stop", at=NOON, category="utility", user_id="BR.9"), now=NOON)

    assert Consent.objects.get().lead.identities.filter(value=DAVIS_ID).exists()


# -- the account -------------------------------------------------------------------------------------------


def troubles() -> dict[str, str]:
    return dict(ChannelTrouble.objects.order_by("id").values_list("code", "meaning"))


def test_the_number_s_quality_and_limit_are_kept_and_a_warning_is_told(channel: Channel) -> None:
    named = {"display_phone_number": "14155238886"}
    deliver(channel, news("phone_number_quality_update", event="FLAGGED", current_limit="TIER_2K", **named), now=NOON)
    deliver(channel, news("business_capability_update", max_daily_conversations_per_business=10000), now=NOON)

    channel.refresh_from_db()
    assert channel.standing == {
        "Quality": "flagged: too many people blocked or reported it",
        "Limit": "10,000 people a day",
    }
    assert list(troubles()) == ["quality:FLAGGED"]


@pytest.mark.parametrize(
    ("field", "value", "meaning"),
    [
        (
            "message_template_status_update",
            {"event": "PAUSED", "reason": "LOW_QUALITY"},
            "Template promo (pt-BR): paused (low quality)",
        ),
        ("message_template_status_update", {"event": "APPROVED", "reason": "NONE"}, None),
        ("message_template_quality_update", {"new_quality_score": "RED"}, "Template promo (pt-BR): red"),
        ("message_template_quality_update", {"new_quality_score": "GREEN"}, None),
        ("template_category_update", {"new_category": "MARKETING"}, "Template promo (pt-BR): marketing"),
        ("account_update", {"event": "DISABLED_UPDATE"}, "Meta tells of the account: disabled update"),
        ("account_review_update", {"decision": "APPROVED"}, None),
        ("account_alerts", {"alert_severity": "CRITICAL"}, "Meta tells of account alerts"),
        ("security", {"event": "PIN_CHANGED"}, "Meta tells of security"),
    ],
)
def test_news_of_account_and_templates_is_told_when_somebody_has_to_act(
    channel: Channel, field: str, value: dict[str, Any], meaning: str | None
) -> None:
    template = {
        "message_template_id": 594425479261596,
        "message_template_name": "promo",
        "message_template_language": "pt-BR",
    }
    deliver(channel, news(field, **value, **template), now=NOON)

    assert list(troubles().values()) == ([meaning] if meaning else [])
    assert list(states().values()) == ["applied"]


def test_an_error_of_the_number_is_told(channel: Channel) -> None:
    errors = [{"code": 130429, "title": "Rate limit hit", "error_data": {"details": "Too many messages"}}]
    deliver(channel, delivery({"field": "messages", "value": {"metadata": metadata(), "errors": errors}}), now=NOON)

    assert troubles() == {"130429": "Too many messages"}


def test_a_field_that_nobody_reads_stays_as_it_came(channel: Channel) -> None:
    deliver(channel, news("smb_message_echoes", message_echoes=[{"id": "wamid.1"}]), now=NOON)

    event = WebhookEvent.objects.get(kind="other")
    assert event.state == "ignored"
    assert json.loads(bytes(event.body))["value"] == {"message_echoes": [{"id": "wamid.1"}]}


def test_a_status_of_another_system_s_message_is_ignored(channel: Channel) -> None:
    deliver(channel, batch(statuses=[status("wamid.x", "read", at=NOON, our_id="theirs")]), now=NOON)

    assert states() == {"wamid.x:read": "ignored"}
