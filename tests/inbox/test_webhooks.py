"""Settings → Webhooks, the same by API and by command: for those who configure, with the secret shown once."""

from typing import Any

import pytest
from django.test import Client

from project.kernel import clock
from project.kernel.due import drain
from project.kernel.scope import workspace_scope
from tests.commands import refusal, run_json
from tests.doubles.receiver import ReceiverDouble
from tests.doubles.server import Response
from tests.inbox.api import Caller
from tests.inbox.screens import Screens, browser_of, open_screens, text_of
from webhooks.models import Delivery, Subscription
from webhooks.services import delivering
from webhooks.services.subscriptions import create_subscription, disable_subscription, send_test

pytestmark = pytest.mark.django_db(transaction=True)

CHOSEN = {"url": "https://crm.example.com/baton", "name": "CRM", "events": ["message.received", "lead.created"]}


@pytest.fixture
def screens() -> Screens:
    return open_screens()


@pytest.fixture
def ana(screens: Screens) -> Client:
    return browser_of(screens.cast.ana)


def made(screens: Screens, url: str = CHOSEN["url"]) -> Subscription:  # type: ignore[assignment]
    with workspace_scope(screens.cast.acme):
        return create_subscription(
            workspace=screens.cast.acme, url=url, events=["lead.created"], name="CRM", now=clock.now()
        )


def stored(screens: Screens) -> list[Subscription]:
    with workspace_scope(screens.cast.acme):
        return list(Subscription.objects.order_by("id"))


def test_a_webhook_is_added_and_its_secret_shown_once(screens: Screens, ana: Client) -> None:
    place = screens.url("settings/webhooks/")
    assert "None yet" in text_of(ana.get(place))
    answer = ana.post(place, CHOSEN)

    [subscription] = stored(screens)
    assert subscription.secrets["secret"] in answer.content.decode()
    assert "no-store" in answer["Cache-Control"]
    assert subscription.secrets["secret"] not in ana.get(place).content.decode()
    assert subscription.events == CHOSEN["events"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"url": "http://crm.example.com/"}, "https"),
        ({"url": ""}, "required"),
        ({"events": []}, "required"),
        ({"events": ["nothing"]}, "nothing"),
    ],
)
def test_wrong_values_stand_beside_their_field(screens: Screens, ana: Client, changes: Any, told: str) -> None:
    answer = ana.post(screens.url("settings/webhooks/"), {**CHOSEN, **changes})
    assert (answer.status_code, told in text_of(answer), stored(screens)) == (422, True, [])


def test_the_log_shows_what_was_answered_and_replays_it(screens: Screens, ana: Client, settings: Any) -> None:
    settings.REACHABLE_NETWORKS = ["127.0.0.0/8"]
    with ReceiverDouble() as crm:
        subscription = made(screens, f"{crm.url}/baton")
        place = screens.url(f"settings/webhooks/{subscription.pk}/")
        crm.then(Response(500))
        assert ana.post(f"{place}test/").status_code == 302
        drain(delivering.deliver_one_due_event, clock=clock.now)
        shown = text_of(ana.get(place))
        assert "HTTP 500" in shown
        assert "No call was taken" in shown

        with workspace_scope(screens.cast.acme):
            disable_subscription(subscription=subscription, reason="by hand", now=clock.now())
            [delivery] = Delivery.objects.all()
        assert "enable it first" in text_of(ana.post(f"{place}replay/", follow=True))
        ana.post(f"{place}enable/")
        ana.post(screens.url(f"settings/webhooks/deliveries/{delivery.key}/replay/"))
        drain(delivering.deliver_one_due_event, clock=clock.now)
        assert "delivered HTTP 204" in text_of(ana.get(place))


def test_it_is_changed_given_another_secret_disabled_and_removed(screens: Screens, ana: Client) -> None:
    subscription = made(screens)
    place, old = screens.url(f"settings/webhooks/{subscription.pk}/"), subscription.secrets["secret"]

    assert ana.post(place, {**CHOSEN, "name": "Warehouse"}).status_code == 302
    renewed = ana.post(f"{place}secret/").content.decode()
    ana.post(f"{place}disable/")
    [now] = stored(screens)
    assert (now.name, now.is_active, now.secrets["secret"] != old) == ("Warehouse", False, True)
    assert now.secrets["secret"] in renewed
    assert old not in renewed
    ana.post(f"{place}remove/")
    assert stored(screens) == []


PLACES = ("", "secret/", "enable/", "disable/", "remove/", "test/", "replay/")


def test_it_is_for_those_who_configure(screens: Screens) -> None:
    subscription = made(screens)
    with workspace_scope(screens.cast.acme):
        delivery = send_test(subscription=subscription, now=clock.now())
    doors = [f"settings/webhooks/{subscription.pk}/{end}" for end in PLACES]
    for door in ["settings/webhooks/", f"settings/webhooks/deliveries/{delivery.key}/replay/", *doors]:
        for who, status in ((screens.clara, 404), (screens.vera, 403), (screens.bruno, 403)):
            assert who.post(screens.url(door), CHOSEN).status_code == status, door
        if not door.endswith("webhooks/"):
            stranger = door.replace("settings", "/w/other/settings", 1)
            assert screens.clara.post(stranger, CHOSEN).status_code == 404
    assert len(stored(screens)) == 1


def test_a_long_log_costs_no_query_for_each_line(
    screens: Screens, ana: Client, django_assert_max_num_queries: Any
) -> None:
    subscription = made(screens)
    place = screens.url(f"settings/webhooks/{subscription.pk}/")
    with workspace_scope(screens.cast.acme):
        for _ in range(20):
            send_test(subscription=subscription, now=clock.now())
    with django_assert_max_num_queries(20):
        assert ana.get(place).status_code == 200


# -- the API -------------------------------------------------------------------------------------------------------


def test_the_api_does_the_same(screens: Screens) -> None:
    ana = Caller(screens.cast.ana)
    new = ana.post("webhooks/", CHOSEN, expect=201)
    place = f"webhooks/{new['id']}/"
    assert new["secret"].startswith("whsec_")
    assert "secret" not in ana.get(place)
    assert [row["id"] for row in ana.get("webhooks/")] == [new["id"]]

    assert ana.patch(place, {"events": ["lead.merged"]})["events"] == ["lead.merged"]
    sent = ana.post(f"{place}test/", expect=201)
    assert (sent["event"], sent["state"]) == ("ping", "pending")
    assert [row["id"] for row in ana.get(f"{place}deliveries/")["results"]] == [sent["id"]]
    assert ana.post(f"{place}disable/")["is_active"] is False
    assert "disabled" in str(ana.post(f"{place}test/", expect=400))
    assert ana.post(f"{place}enable/")["is_active"] is True
    assert ana.post(f"{place}replay/") == {"replayed": 1}
    assert ana.post(f"webhooks/deliveries/{sent['id']}/replay/") == {"replayed": 0}
    assert ana.client.delete(f"/api/v1/{place}").status_code == 204
    ana.get(place, expect=404)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({**CHOSEN, "url": "http://169.254.169.254/"}, "url"),
        ({**CHOSEN, "events": ["nothing"]}, "events"),
        ({"url": "https://a.test/"}, "events"),
        ({**CHOSEN, "name": "x" * 101}, "name"),
    ],
)
def test_the_api_names_what_is_wrong(screens: Screens, body: Any, field: str) -> None:
    assert field in Caller(screens.cast.ana).post("webhooks/", body, expect=400)["fields"]


def test_the_api_is_for_those_who_configure(screens: Screens) -> None:
    subscription = made(screens)
    with workspace_scope(screens.cast.acme):
        key = send_test(subscription=subscription, now=clock.now()).key
    place = f"webhooks/{subscription.pk}/"
    clara, bruno = Caller(screens.cast.clara), Caller(screens.cast.bruno)
    posts = [f"{place}{end}" for end in ("enable/", "disable/", "test/", "replay/")]
    for path in [*posts, f"webhooks/deliveries/{key}/replay/"]:
        clara.post(path, expect=404)
        bruno.post(path, expect=403)
    for path in (place, f"{place}deliveries/"):
        clara.get(path, expect=404)
        bruno.get(path, expect=403)
    bruno.get("webhooks/", expect=403)
    bruno.post("webhooks/", CHOSEN, expect=403)


# -- the command ---------------------------------------------------------------------------------------------------


def test_the_command_does_the_same(screens: Screens) -> None:
    on = ("--workspace", "acme")
    added = run_json("webhooks", "add", *on, "--url", CHOSEN["url"], "--events", "lead.created, message.read")
    assert added["events"] == ["message.read", "lead.created"]
    assert added["secret"].startswith("whsec_")
    its = (*on, "--id", str(added["id"]))
    sent = run_json("webhooks", "test", *its)
    assert [row["id"] for row in run_json("webhooks", "log", *its)] == [sent["id"]]
    assert run_json("webhooks", "disable", *its)["is_active"] is False
    assert run_json("webhooks", "enable", *its)["is_active"] is True
    assert run_json("webhooks", "replay", *its, "--delivery", sent["id"]) == {"replayed": 1}
    assert "secret" not in run_json("webhooks", "list", *on)[0]
    assert run_json("webhooks", "remove", *its)["removed"] == added["id"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("add", "--url", "http://a.test/", "--events", "lead.created"), "url: must begin with https"),
        (("add", "--url", "https://a.test/", "--events", "x"), "events:"),
        (("test", "--id", "999"), "--id: there is no webhook 999"),
        (("log",), "--id: there is no webhook"),
    ],
)
def test_the_command_names_what_is_wrong(screens: Screens, words: tuple[str, ...], told: str) -> None:
    assert told in refusal("webhooks", *words, "--workspace", "acme")


# -- links ---------------------------------------------------------------------------------------------------------


def test_which_links_are_tracked_is_set_by_screen_and_api(screens: Screens, ana: Client) -> None:
    place = screens.url("settings/links/")
    form = {"tracks_service": "on", "valid_days": "30", "untracked_hosts": "acme.test"}
    assert ana.get(place).status_code == 200
    assert ana.post(place, form).status_code == 302
    caller = Caller(screens.cast.ana)
    policy = caller.get("link-policy/")
    assert (policy["tracks_marketing"], policy["tracks_service"], policy["valid_days"]) == (False, True, 30)
    assert caller.patch("link-policy/", {"tracks_marketing": True})["tracks_marketing"] is True
    assert ana.post(place, {**form, "valid_days": "0"}).status_code == 422
    assert "valid_days" in caller.patch("link-policy/", {"valid_days": 5000}, expect=400)["fields"]
    for who, status in ((screens.clara, 404), (screens.vera, 403)):
        assert who.post(place, form).status_code == status
    Caller(screens.cast.bruno).patch("link-policy/", {"tracks_service": False}, expect=403)
