"""Other systems are told: everything, once it is certain, in order, signed, and again until they take it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from agents.models import StaffAlert
from crm.services.trail import record_decision
from messaging.services.statuses import record_status
from project.kernel.due import drain
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import found
from tests.doubles.receiver import ReceiverDouble
from tests.doubles.server import Reset, Response
from tests.journeys.world import World
from webhooks.events import EVENTS
from webhooks.models import Delivery, DeliveryTry, Subscription
from webhooks.services import delivering
from webhooks.services.replaying import replay_delivery, replay_failed
from webhooks.services.subscriptions import (
    create_subscription,
    disable_subscription,
    enable_subscription,
    refresh_facts,
    send_test,
)
from webhooks.signing import is_signed

pytestmark = pytest.mark.django_db(transaction=True)

ALL = tuple(EVENTS)


def subscribe(world: World, crm: ReceiverDouble, *events: str, path: str = "/baton") -> Subscription:
    with workspace_scope(world.acme):
        return create_subscription(workspace=world.acme, url=crm.url + path, events=events or ALL, now=world.now)


def deliver(world: World) -> int:
    return drain(delivering.deliver_one_due_event, clock=lambda: world.now)


def later(world: World, **span: float) -> int:
    world.now += timedelta(**span)
    return deliver(world)


def deliveries(world: World) -> list[Delivery]:
    with workspace_scope(world.acme):
        return list(Delivery.objects.order_by("id"))


def note(world: World, kind: str = "lead.changed", **facts: Any) -> None:
    with workspace_scope(world.acme):
        record_decision(
            lead=world.conversation.lead, actor="Bruno", kind=kind, reason="Because.", now=world.now, **facts
        )


def test_a_conversation_is_told_from_the_first_word_to_its_end(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm)
    world.davi_says("I want to talk to a human")
    world.bruno_says("Here I am")
    [message] = world.messages(voice="human")
    for status in ("delivered", "read"):
        world.twilio_reports(message.provider_id, status)
    deliver(world)

    told = crm.events()
    assert told[:2] == ["lead.created", "message.received"]
    assert {"handover.requested", "conversation.taken_over", "handover.ended", "message.sent"} <= set(told)
    assert told.index("message.delivered") < told.index("message.read")


def test_what_is_told_is_ids_and_the_essentials(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm, "message.received")
    world.davi_says("Olá 👋")
    deliver(world)

    [request] = crm.got
    document = request.json()
    [message] = world.messages(direction="in")
    assert document["message"] == {
        "id": str(message.pk),
        "direction": "in",
        "voice": "customer",
        "purpose": "service",
        "channel": {"id": world.channel.pk, "kind": "whatsapp_twilio"},
        "text": "Olá 👋",
        "files": 0,
        "error_code": "",
        "at": message.at.isoformat(),
    }
    assert (document["version"], document["event"], document["workspace"]) == (1, "message.received", "acme")
    assert (document["lead"], document["conversation"]) == (world.conversation.lead_id, world.conversation.pk)
    assert "epoch" not in document["data"]


def test_it_is_signed_and_named(world: World, crm: ReceiverDouble) -> None:
    subscription = subscribe(world, crm, "lead.updated")
    world.davi_says("Hello")
    note(world)
    deliver(world)

    [request] = crm.got
    assert is_signed(
        subscription.secrets["secret"], request.body, request.headers["Baton-Signature"], int(world.now.timestamp())
    )
    assert request.headers["Baton-Delivery"] == request.json()["id"] == str(deliveries(world)[0].key)
    assert request.headers["Baton-Event"] == "lead.updated"


def test_what_was_undone_is_not_told(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm, "lead.updated")
    world.davi_says("Hello")
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        note(world)
        raise ZeroDivisionError
    assert deliver(world) == 0


def test_only_what_was_asked_for_is_noted_and_only_for_its_workspace(world: World, crm: ReceiverDouble) -> None:
    other = found("other", "clara@other.test", world.now)
    with workspace_scope(other):
        create_subscription(workspace=other, url=f"{crm.url}/other", events=ALL, now=world.now)
    subscribe(world, crm, "lead.created")
    world.davi_says("Hello")
    deliver(world)

    assert [(request.path, request.json()["event"]) for request in crm.got] == [("/baton", "lead.created")]
    with across_workspaces():
        assert Delivery.objects.count() == 1


def test_a_failure_is_tried_again_with_the_same_words(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm, "lead.updated")
    world.davi_says("Hello")
    note(world)
    crm.then(Response(500), Reset(), Response(302, headers={"Location": f"{crm.url}/elsewhere"}))
    assert [deliver(world), later(world, seconds=9), later(world, seconds=2), later(world, minutes=1)] == [1, 0, 1, 1]
    assert later(world, minutes=6) == 1

    assert len({request.body for request in crm.got}) == 1
    assert {request.path for request in crm.got} == {"/baton"}
    [delivery] = deliveries(world)
    assert (delivery.state, delivery.status_code, delivery.attempts_made) == ("delivered", 204, 4)
    with workspace_scope(world.acme):
        tries = list(DeliveryTry.objects.order_by("number").values_list("status_code", flat=True))
    assert tries == [500, None, 302, 204]


def test_of_one_conversation_the_later_waits_for_the_earlier(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm, "lead.updated", "message.received")
    world.davi_says("Hello")
    crm.then(Response(503))
    note(world)
    assert deliver(world) == 1
    world.davi_says("Hi from Eva", phone="+5511987650000", sid="SM" + "e" * 32)
    later(world, seconds=6)

    assert [request.json()["reason"][:4] for request in crm.got] == ["Davi", "Davi"]
    assert crm.got[1].json()["lead"] != crm.got[0].json()["lead"]
    later(world, seconds=10)
    assert crm.events() == ["message.received", "message.received", "message.received", "lead.updated"]


def test_a_receiver_that_is_away_is_not_asked_for_each_of_its_deliveries(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm, "lead.created")
    crm.usual = Response(503)
    for number in range(5):
        world.davi_writes("Hello", phone=f"+551198765000{number}")
    world.settle()
    assert deliver(world) == 1
    assert later(world, seconds=6) == 1

    crm.usual = Response(200)
    later(world, seconds=60)
    later(world, seconds=60)
    assert {delivery.state for delivery in deliveries(world)} == {"delivered"}


def test_after_a_day_of_failures_it_is_disabled_and_the_team_told(world: World, crm: ReceiverDouble) -> None:
    subscription = subscribe(world, crm, "lead.updated")
    world.davi_says("Hello")
    note(world)
    note(world)
    crm.usual = Response(500)
    for _ in range(20):
        later(world, hours=2)

    with workspace_scope(world.acme):
        subscription.refresh_from_db()
        alerts = StaffAlert.objects.filter(key__startswith="webhook:")
        assert [alert.user.email for alert in alerts] == ["ana@acme.test"]
        assert "HTTP 500" in alerts[0].body
    assert (subscription.is_active, "HTTP 500" in subscription.disabled_reason) == (False, True)
    assert {delivery.state for delivery in deliveries(world)} == {"failed"}

    note(world)
    assert len(deliveries(world)) == 2, "while it is disabled nothing is noted"


def test_what_failed_is_replayed_in_its_order(world: World, crm: ReceiverDouble) -> None:
    subscription = subscribe(world, crm, "lead.updated")
    world.davi_says("Hello")
    for number in range(3):
        note(world, number=number)
    with workspace_scope(world.acme):
        disable_subscription(subscription=subscription, reason="by hand", now=world.now)
        with pytest.raises(WrongValues, match="disabled"):
            replay_failed(subscription=subscription, now=world.now)
        subscription.refresh_from_db()
        enable_subscription(subscription=subscription)
        assert replay_failed(subscription=subscription, now=world.now) == 3
    deliver(world)
    assert [request.json()["data"]["number"] for request in crm.got] == [0, 1, 2]


def test_what_was_delivered_can_be_replayed_under_the_same_id(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm, "lead.updated")
    world.davi_says("Hello")
    note(world)
    deliver(world)
    with workspace_scope(world.acme):
        [delivery] = Delivery.objects.select_related("subscription")
        assert replay_delivery(delivery=delivery, now=world.now)
        assert not replay_delivery(delivery=delivery, now=world.now)
    deliver(world)
    assert crm.got[0].body == crm.got[1].body


def test_a_private_address_is_never_called(world: World, crm: ReceiverDouble, settings: Any) -> None:
    subscription = subscribe(world, crm, "lead.updated")
    settings.REACHABLE_NETWORKS = []
    with workspace_scope(world.acme):
        send_test(subscription=subscription, now=world.now)
    deliver(world)

    assert crm.got == []
    assert "private network" in deliveries(world)[0].error


def test_a_test_is_delivered_like_everything_else(world: World, crm: ReceiverDouble) -> None:
    subscription = subscribe(world, crm, "lead.merged")
    with workspace_scope(world.acme):
        send_test(subscription=subscription, now=world.now)
    deliver(world)
    assert (crm.events(), crm.got[0].json()["lead"]) == (["ping"], None)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://crm.example.com/", "https"),
        ("ftp://crm.example.com/", "https"),
        ("crm.example.com", "must be an address"),
        ("https://user:pass@crm.example.com/", "login"),
        ("https://crm.example.com/ x", "must be an address"),
        ("https://[", "must be an address"),
    ],
)
def test_an_address_that_cannot_be_called_is_refused_by_name(world: World, url: str, why: str) -> None:
    with workspace_scope(world.acme), pytest.raises(WrongValues, match=why):
        create_subscription(workspace=world.acme, url=url, events=["lead.created"], now=world.now)


def test_events_are_chosen_from_the_catalogue(world: World) -> None:
    for events, why in (([], "at least one"), (["lead.exploded"], "lead.exploded")):
        with workspace_scope(world.acme), pytest.raises(WrongValues, match=why):
            create_subscription(workspace=world.acme, url="https://a.test/", events=events, now=world.now)


def test_a_release_that_knows_more_facts_reaches_old_subscriptions(world: World, crm: ReceiverDouble) -> None:
    subscription = subscribe(world, crm, "handover.ended")
    with workspace_scope(world.acme):
        Subscription.objects.update(facts=["handover.ended"])
    refresh_facts()
    with workspace_scope(world.acme):
        subscription.refresh_from_db()
    assert subscription.facts == ["handover.answered", "handover.ended"]


def test_old_deliveries_are_forgotten(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm, "lead.updated")
    world.davi_says("Hello")
    note(world)
    deliver(world)
    assert not delivering.forget_old_deliveries(world.now + timedelta(days=29))
    assert delivering.forget_old_deliveries(world.now + timedelta(days=31))
    assert deliveries(world) == []


def test_a_status_that_comes_twice_is_told_once(world: World, crm: ReceiverDouble) -> None:
    subscribe(world, crm, "message.delivered")
    world.davi_says("Hello")
    [message] = world.messages(voice="ai")[:1]
    for _ in range(2):
        with workspace_scope(world.acme):
            record_status(
                channel=world.channel,
                provider_id=message.provider_id,
                message_id=None,
                status="delivered",
                now=world.now,
            )
    deliver(world)
    assert crm.events() == ["message.delivered"]
