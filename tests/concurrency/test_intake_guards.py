"""The guards where things come in, each first off: an event is stored once, a person is one lead, a hold is one."""

from functools import partial
from typing import Any

from django.db.models import QuerySet

from crm.models import Hold, Identity, Lead
from crm.models.people import IdentityKind
from crm.services import leads
from crm.services.holds import place_hold
from crm.services.leads import find_or_create_lead
from messaging.models import Conversation, WebhookEvent
from messaging.services import inbox
from messaging.services.inbox import store_event
from project.kernel.scope import workspace_scope
from tests.concurrency.guards import without
from tests.concurrency.overtaking import in_one_transaction, overtake
from tests.properties.stage import Stage

# -- event_key_once -------------------------------------------------------------------------------------------------


def store_twice_at_once(stage: Stage) -> tuple[Any, Any]:
    """The second delivery of a webhook comes while the first is stored and not yet committed."""
    work = partial(
        store_event,
        workspace_id=stage.workspace.pk,
        source="whatsapp_twilio",
        source_id=stage.channel.pk,
        kind="inbound",
        key="SM1",
        order_key="davi",
        body=b"",
        now=stage.clock.now,
    )
    return overtake(in_one_transaction(work), work, asleep_before=(inbox, "_kick_applier"))


def test_without_the_key_a_webhook_delivered_twice_is_two_events(stage: Stage) -> None:
    with without("event_key_once"):
        assert store_twice_at_once(stage) == (True, True)
        assert WebhookEvent.objects.count() == 2


def test_a_webhook_delivered_twice_at_once_is_one_event(stage: Stage) -> None:
    assert store_twice_at_once(stage) == (True, False)
    assert WebhookEvent.objects.count() == 1


# -- identity_once --------------------------------------------------------------------------------------------------


def meet_twice_at_once(stage: Stage) -> tuple[Any, Any]:
    """Two first messages of a stranger: neither finds a lead."""

    def meet() -> Lead:
        names = [(IdentityKind.PHONE, "+5511933334444")]
        with workspace_scope(stage.workspace):
            return find_or_create_lead(workspace=stage.workspace, identities=names, now=stage.clock.now)

    return overtake(meet, meet, asleep_before=(leads, "_create_lead"))


def test_without_the_constraint_a_stranger_becomes_two_leads(stage: Stage) -> None:
    with without("identity_once"):
        slow, fast = meet_twice_at_once(stage)
        assert slow != fast
        assert Identity.objects.filter(value="+5511933334444").values("lead").distinct().count() == 2
    Lead.objects.all().delete()


def test_a_stranger_who_writes_twice_at_once_is_one_lead(stage: Stage) -> None:
    slow, fast = meet_twice_at_once(stage)
    assert slow == fast == Lead.objects.get()


# -- hold_one_open --------------------------------------------------------------------------------------------------


def hold_twice_at_once(stage: Stage, davi: Conversation) -> int:
    def place() -> Hold:
        with workspace_scope(stage.workspace):
            return place_hold(lead=davi.lead, kind="human_requested", reason="a test", until=None, now=stage.clock.now)

    overtake(place, place, asleep_before=(QuerySet, "create"))
    return Hold.objects.filter(lead=davi.lead, kind="human_requested", released_at=None).count()


def test_without_the_index_a_reason_to_wait_is_held_twice(stage: Stage, davi: Conversation) -> None:
    with without("hold_one_open"):
        assert hold_twice_at_once(stage, davi) == 2


def test_a_reason_to_wait_is_held_once(stage: Stage, davi: Conversation) -> None:
    assert hold_twice_at_once(stage, davi) == 1
