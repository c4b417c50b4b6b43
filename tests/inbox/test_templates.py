"""Templates by screen, by API and by command: the registry, writing one, its uses, and choosing one for a customer."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from messaging.models import Channel, Message, MessageTemplate, SendingPolicy, ServiceWindow, TemplateUse
from messaging.services.upkeep import list_channel_templates
from project.kernel import clock
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import TWILIO
from tests.commands import refusal, run, run_json
from tests.doubles.twilio import TwilioDouble
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, browser_of, open_screens, text_of

pytestmark = pytest.mark.django_db

BODY = "Hi {{1}}, your order is on its way to you."
NEW = {
    "name": "order_late",
    "language": "en",
    "category": "utility",
    "body": BODY.replace("way", "way, if late,"),
    "examples": "Ana",
    "header": "",
    "footer": "",
    "replies": "Yes, No",
    "link_text": "",
    "link_url": "",
}


@pytest.fixture
def twilio() -> Iterator[TwilioDouble]:
    with TwilioDouble(account_sid=TWILIO["account_sid"], auth_token=TWILIO["auth_token"]) as double:
        double.content.add("order_update", BODY, variables={"1": "Ana"})
        double.content.add("promo", "Buy more of what you like", status="paused", category="MARKETING")
        yield double


@pytest.fixture
def screens(twilio: TwilioDouble) -> Screens:
    """Davi wrote two days ago; the list was read."""
    screens = open_screens()
    cast, long_ago = screens.cast, clock.now() - timedelta(days=2)
    with workspace_scope(cast.acme):
        cast.channel.settings["api_base"] = twilio.url
        cast.channel.save(update_fields=["settings"])
        list_channel_templates(cast.channel, clock.now())
        ServiceWindow.objects.create(
            workspace=cast.acme, conversation=cast.conversation, channel=cast.channel, opened_at=long_ago,
            address="whatsapp:+5511987654321", closes_at=long_ago + timedelta(days=1),
        )  # fmt: skip
    return screens


def named(name: str) -> MessageTemplate:
    with across_workspaces():
        return MessageTemplate.objects.get(name=name)


def settings_of(screens: Screens, place: str = "", **given: Any) -> Any:
    ana = browser_of(screens.cast.ana)
    path = f"/w/acme/settings/templates/{place}"
    return ana.post(path, given, follow=True) if given else ana.get(path)


# -- the registry --------------------------------------------------------------------------------------------


def test_the_list_says_what_each_template_is_and_how_many_people_were_reached(screens: Screens) -> None:
    page = text_of(settings_of(screens))
    assert "order_update Hi {{1}}, your order is on its way to you. approved utility en" in page
    assert "promo Buy more of what you like paused marketing en" in page
    assert "0 people written to outside the window in 24 hours." in page


def test_asking_the_provider_says_what_came_of_it(screens: Screens, twilio: TwilioDouble) -> None:
    twilio.content.add("third")
    place = f"channel/{screens.cast.channel.pk}/ask/"
    assert "Sales has 3 templates; 1 are new." in text_of(settings_of(screens, place, x=1))
    twilio.content.faults = ["broken"]
    assert "the templates could not be read" in text_of(settings_of(screens, place, x=1))
    assert "The list could not be read" in text_of(settings_of(screens))


def test_a_template_is_written_checked_and_submitted(screens: Screens, twilio: TwilioDouble) -> None:
    place = f"channel/{screens.cast.channel.pk}/new/"
    wrong = settings_of(screens, place, **{**NEW, "body": "{{1}} first", "name": "Late!"})
    assert wrong.status_code == 422
    assert "may only have small letters" in text_of(wrong)
    assert "may neither begin nor end with a variable" in text_of(wrong)
    assert "order_late (en) waits for approval" in text_of(settings_of(screens, place, **NEW))
    made = twilio.content.templates[-1]
    assert (made.name, made.status, made.category) == ("order_late", "received", "UTILITY")
    assert made.types["twilio/quick-reply"]["actions"][1]["title"] == "No"
    assert (named("order_late").status, named("order_late").category) == ("pending", "utility")
    assert "exists in en already" in text_of(settings_of(screens, place, **NEW))


def test_a_provider_that_is_silent_is_said(screens: Screens, twilio: TwilioDouble) -> None:
    twilio.content.faults = ["429"]
    answer = settings_of(screens, f"channel/{screens.cast.channel.pk}/new/", **NEW)
    assert answer.status_code == 422
    assert "The provider refused it" in text_of(answer)


def test_one_template_reads_as_a_certain_customer_reads_it(screens: Screens) -> None:
    place = f"{named('order_update').pk}/"
    assert "Hi Ana, your order" in text_of(settings_of(screens, place))
    settings_of(screens, place, purpose="bridge", value_1="{first_name|there}")
    page = text_of(settings_of(screens, f"{place}?lead=%2B5511987654321"))
    assert "As Davi reads it Hi Davi, your order is on its way to you." in page
    assert "The offer of a booked call 1: {first_name|there}" in page
    assert "nobody in this workspace" in text_of(settings_of(screens, f"{place}?lead=nobody")).lower()


def test_a_use_is_set_refused_and_removed(screens: Screens) -> None:
    place = f"{named('order_update').pk}/"
    refused = settings_of(screens, place, purpose="bridge", value_1="{surname}")
    assert (refused.status_code, "{surname} is not known" in text_of(refused)) == (422, True)
    settings_of(screens, place, purpose="bridge", value_1="{name}")
    with across_workspaces():
        use = TemplateUse.objects.get()
    assert "It stands in for that no more." in text_of(settings_of(screens, f"uses/{use.pk}/remove/", x=1))


def test_the_rules_of_sending_are_kept_within_bounds(screens: Screens) -> None:
    ana = browser_of(screens.cast.ana)
    given = {"quiet_from": "20:00", "quiet_to": "09:00", "marketing_cap": "2", "cap_days": "7"}
    assert "Saved." in text_of(ana.post("/w/acme/settings/sending/", given, follow=True))
    with across_workspaces():
        policy = SendingPolicy.objects.get()
    assert (str(policy.quiet_from), policy.marketing_cap) == ("20:00:00", 2)
    assert ana.post("/w/acme/settings/sending/", {**given, "marketing_cap": "0"}).status_code == 422


# -- choosing one --------------------------------------------------------------------------------------------


def test_outside_the_window_the_reply_box_offers_a_template(screens: Screens) -> None:
    assert "free text is not delivered. Choose a template" in text_of(screens.bruno.get(screens.thread))
    page = text_of(screens.bruno.get(f"{screens.thread}template/"))
    assert "order_update" in page
    assert "promo" not in page  # paused


def test_a_chosen_template_is_filled_and_queued(screens: Screens) -> None:
    place, template = f"{screens.thread}template/", named("order_update")
    assert screens.bruno.post(place, {"template": template.pk, "value_1": " "}).status_code == 422
    answer = screens.bruno.post(place, {"template": template.pk, "value_1": "Davi", "key": "k"})
    assert answer.status_code == 302
    with across_workspaces():
        message = Message.objects.get(direction="out")
    assert (message.status, message.body) == ("queued", "Hi Davi, your order is on its way to you.")
    assert message.verdict["as_template"] is True
    assert "Template “order_update” (en)" in text_of(screens.bruno.get(screens.thread))


def test_strangers_find_nothing_and_viewers_change_nothing(screens: Screens) -> None:
    template = named("order_update").pk
    for place in ("templates/", f"templates/{template}/", "sending/"):
        assert screens.clara.get(f"/w/acme/settings/{place}").status_code == 404
        assert screens.clara.get(f"/w/other/settings/templates/{template}/").status_code == 404
        assert screens.vera.get(f"/w/acme/settings/{place}").status_code == 403
    assert screens.clara.get(f"{screens.thread}template/").status_code == 404
    assert screens.vera.post(f"{screens.thread}template/", {"template": template}).status_code == 403
    assert screens.bruno.get(f"{screens.thread}template/?template=999999").status_code == 404


# -- the API -------------------------------------------------------------------------------------------------


def test_a_script_reads_writes_uses_and_previews_templates(screens: Screens) -> None:
    ana, channel = Caller(screens.cast.ana), screens.cast.channel.pk
    assert [each["name"] for each in ana.get("templates/")] == ["order_update", "promo"]
    assert [each["name"] for each in ana.get("templates/", status="paused", channel=channel)] == ["promo"]
    draft = {"channel": channel, "name": "Bad Name", "language": "en", "category": "utility", "body": BODY}
    assert set(ana.post("templates/", draft, expect=400)["fields"]) == {"name", "examples"}
    made = ana.post("templates/", {**draft, "name": "good", "examples": {"1": "Ana"}}, expect=201)
    assert made["status"] == "pending"
    template = named("order_update").pk
    values = {"purpose": "bridge", "values": {"1": "{first_name}"}}
    assert ana.post(f"templates/{template}/uses/", values, expect=201)["purpose"] == "bridge"
    shown = ana.get(f"templates/{template}/preview/", lead=screens.cast.davi.pk)
    assert (shown["text"], shown["problem"]) == ("Hi Davi, your order is on its way to you.", "")
    assert ana.post(f"channels/{channel}/templates/list/")["total"] == 3


def test_a_draft_that_is_at_the_provider_is_submitted(screens: Screens, twilio: TwilioDouble) -> None:
    made = twilio.content.add("written_there", BODY, status="unsubmitted", category="")
    ana, channel = Caller(screens.cast.ana), screens.cast.channel.pk
    ana.post(f"channels/{channel}/templates/list/")
    template = named("written_there").pk
    assert "Submit for approval" in text_of(settings_of(screens, f"{template}/"))
    assert ana.post(f"templates/{template}/submit/", {"category": "marketing"})["status"] == "pending"
    assert (made.status, made.category) == ("received", "MARKETING")
    assert "template" in ana.post(f"templates/{template}/submit/", expect=400)["fields"]
    Caller(screens.cast.clara).post(f"templates/{template}/submit/", expect=404)


def test_a_script_sends_a_template(screens: Screens) -> None:
    bruno, path = Caller(screens.cast.bruno), f"conversations/{screens.cast.conversation.pk}/messages/"
    template = named("order_update").pk
    assert "value_1" in bruno.post(path, {"template": template}, expect=400)["fields"]
    assert "template" in bruno.post(path, {"template": named("promo").pk}, expect=400)["fields"]
    assert "template" in bruno.post(path, {"template": template, "body": "x"}, expect=400)["fields"]
    sent = bruno.post(path, {"template": template, "variables": {"1": "Davi"}}, expect=201)
    assert (sent["body"], sent["status"]) == ("Hi Davi, your order is on its way to you.", "queued")
    plain = bruno.post(path, {"body": "Hello"}, expect=201)
    assert plain["verdict"]["code"] == "window_closed"


def test_a_provider_that_does_not_answer_is_502(screens: Screens, twilio: TwilioDouble) -> None:
    twilio.content.faults = ["broken"]
    path = f"channels/{screens.cast.channel.pk}/templates/list/"
    assert Caller(screens.cast.ana).post(path, expect=502)["code"] == "provider_refused"


def test_the_api_asks_for_the_role(screens: Screens) -> None:
    template, channel = named("order_update").pk, screens.cast.channel.pk
    vera, clara = Caller(screens.cast.vera), Caller(screens.cast.clara)
    assert vera.get(f"templates/{template}/")["name"] == "order_update"
    vera.post(f"templates/{template}/uses/", {"purpose": "bridge"}, expect=403)
    vera.post(f"channels/{channel}/templates/list/", expect=403)
    vera.patch("sending-policy/", {"cap_days": 3}, expect=403)
    clara.get(f"templates/{template}/", expect=404)
    clara.get(f"templates/{template}/preview/", expect=404)
    clara.post(f"channels/{channel}/templates/list/", expect=404)
    assert clara.get("templates/") == []


def test_the_rules_of_sending_over_the_api(screens: Screens) -> None:
    ana = Caller(screens.cast.ana)
    assert ana.get("sending-policy/")["quiet_from"] == "21:00:00"
    assert ana.patch("sending-policy/", {"marketing_cap": None})["marketing_cap"] is None
    assert "cap_days" in ana.patch("sending-policy/", {"cap_days": 0}, expect=400)["fields"]


def test_whose_window_closes_soon_can_be_asked(screens: Screens) -> None:
    bruno = Caller(screens.cast.bruno)
    assert bruno.get("conversations/", closes_within=30)["results"] == []
    with across_workspaces():
        ServiceWindow.objects.update(closes_at=clock.now() + timedelta(minutes=20))
    assert len(bruno.get("conversations/", closes_within=30)["results"]) == 1
    assert bruno.get("conversations/", closes_within=10)["results"] == []
    bruno.get("conversations/", closes_within=0, expect=400)


def test_the_lists_ask_no_question_for_each_template(screens: Screens, django_assert_max_num_queries: Any) -> None:
    with workspace_scope(screens.cast.acme):
        first = named("order_update")
        for number in range(30):
            first.pk, first.provider_id, first.name = None, f"HX{number}", f"copy_{number}"
            first.save(force_insert=True)
    ana = Caller(screens.cast.ana)
    with django_assert_max_num_queries(12):
        assert len(ana.get("templates/")) == 32
    browser = browser_of(screens.cast.ana)
    with django_assert_max_num_queries(14):
        browser.get("/w/acme/settings/templates/")


# -- the command ---------------------------------------------------------------------------------------------


def test_the_command_lists_and_asks(screens: Screens, twilio: TwilioDouble) -> None:
    twilio.content.add("third")
    assert [each["name"] for each in run_json("templates", "--workspace=acme")] == ["order_update", "promo"]
    assert "third (en)" in run("templates", "--workspace=acme", "--ask")
    assert "999999" in refusal("templates", "--workspace=acme", "--channel=999999")
    with across_workspaces():
        assert Channel.objects.get(pk=screens.cast.channel.pk).templates_listed_at is not None
