"""The admin, walked as a person walks it: every list, every row, every form to add one."""

import html
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.contrib import admin
from django.db.models import Model
from django.test import Client
from django.urls import reverse
from django_scopes import ScopeError

from agents.models import WorkspaceTool
from crm.models import TrailEntry, User, Workspace
from crm.services.trail import record_decision
from handover.models import CalendlyConnection
from messaging.models import Channel, WebhookEvent
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import NOON, PASSWORD, TWILIO, Cast, gather_cast
from tests.one_of_each import fill

OURS = ("crm", "messaging", "agents", "handover", "webhooks")
READ_ONLY = [
    "crm.trailentry",
    "crm.consent",
    "crm.activity",
    "crm.hold",
    "crm.suppression",
    "crm.peoplepolicy",
    "crm.leadmerge",
    "crm.mergeproposal",
    "messaging.message",
    "messaging.attachment",
    "messaging.trackedlink",
    "messaging.linkclick",
    "messaging.attempt",
    "messaging.breaker",
    "messaging.bucket",
    "messaging.channeltrouble",
    "agents.modelcall",
    "agents.modelday",
    "agents.modeltrouble",
    "messaging.senderchange",
    "messaging.floor",
    "messaging.webhookevent",
    "messaging.eventkey",
    "messaging.conversation",
    "messaging.servicewindow",
    "messaging.messagetemplate",
    "messaging.templatechange",
    "messaging.templateuse",
    "messaging.reach",
    "messaging.sendingpolicy",
    "agents.staffalert",
    "agents.agentmessage",
    "agents.agentstate",
    "agents.turn",
    "agents.correction",
    "agents.trainedlayer",
    "agents.leadfact",
    "agents.leadtag",
    "agents.leadscore",
    "agents.extraction",
    "agents.turnquality",
    "agents.knowledgesource",
    "agents.knowledgechunk",
    "agents.unansweredquestion",
    "agents.asking",
    "agents.workspacetool",
    "agents.toolcall",
    "crm.product",
    "crm.stockalert",
    "handover.handover",
    "handover.ladderstep",
    "handover.booking",
    "webhooks.subscription",
    "webhooks.delivery",
    "webhooks.deliverytry",
]
MODELS = [model for label in OURS for model in apps.get_app_config(label).get_models()]

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    cast = gather_cast()
    with workspace_scope(cast.acme):
        fill(cast)
    return cast


@pytest.fixture
def root(client: Client, cast: Cast) -> Client:
    client.force_login(User.objects.create_superuser("root@baton.test", PASSWORD, name="Root"))
    return client


def page(model: type[Model], name: str, *args: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{name}", args=args)


def rows(model: type[Model]) -> list[Model]:
    with across_workspaces():
        return list(model._default_manager.all()[:3])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_every_model_has_its_list_its_search_and_its_rows(root: Client, model: type[Model]) -> None:
    assert admin.site.is_registered(model)
    found = rows(model)
    assert found, f"tests.one_of_each makes no {model.__name__}"
    assert root.get(page(model, "changelist")).status_code == 200
    assert root.get(page(model, "changelist"), {"q": "davi\x00"}).status_code in (200, 302)
    for row in found:
        assert root.get(page(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label_lower)
def test_what_may_be_added_has_its_form(root: Client, model: type[Model]) -> None:
    answer = root.get(page(model, "add"))
    assert answer.status_code == (
        403 if model._meta.label_lower in {*READ_ONLY, "messaging.servicewindow", "agents.staffalert"} else 200
    )


def test_the_tables_of_libraries_open_too(root: Client) -> None:
    for model in admin.site._registry:
        assert root.get(page(model, "changelist")).status_code == 200, model
        assert root.get(page(model, "add")).status_code in (200, 403), model


def test_the_seed_of_a_second_factor_is_never_shown(root: Client, cast: Cast) -> None:
    factor = Authenticator.objects.create(user=cast.ana, type="totp", data={"secret": "JBSWY3DPEHPK3PXP"})
    shown = root.get(page(Authenticator, "change", factor.pk))
    assert shown.status_code == 200
    assert "JBSWY3DPEHPK3PXP" not in shown.content.decode()
    assert root.post(page(Authenticator, "delete", factor.pk), {"post": "yes"}).status_code == 302
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("label", READ_ONLY)
def test_ledgers_and_due_rows_are_shown_and_never_edited(root: Client, label: str) -> None:
    model = apps.get_model(label)
    row = rows(model)[0]
    before = {field.attname: getattr(row, field.attname) for field in model._meta.concrete_fields}

    assert root.post(page(model, "change", row.pk), {"state": "applied"}).status_code == 403
    assert root.post(page(model, "delete", row.pk), {"post": "yes"}).status_code == 403

    [after] = [again for again in rows(model) if again.pk == row.pk]
    assert {field.attname: getattr(after, field.attname) for field in model._meta.concrete_fields} == before


def test_a_list_of_many_rows_costs_no_query_for_each(
    root: Client, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    with workspace_scope(cast.acme):
        for number in range(30):
            record_decision(lead=cast.davi, actor="gate", kind="x.y", reason=str(number), now=NOON)
    with django_assert_max_num_queries(14):
        root.get(page(TrailEntry, "changelist"))


def test_secrets_are_never_shown(root: Client, cast: Cast) -> None:
    channel = root.get(page(Channel, "change", cast.channel.pk)).content.decode()
    connection = root.get(page(CalendlyConnection, "change", rows(CalendlyConnection)[0].pk)).content.decode()

    assert TWILIO["auth_token"] not in channel
    assert "calendly-secret" not in connection
    assert "signing-secret" not in connection
    tool = root.get(page(WorkspaceTool, "change", rows(WorkspaceTool)[0].pk)).content.decode()
    assert "tool-signing-secret" not in tool


def channel_form(cast: Cast, **changes: str) -> dict[str, str]:
    settings = f'{{"account_sid": "{TWILIO["account_sid"]}", "sender": "whatsapp:+14155238886"}}'
    form = {"workspace": str(cast.acme.pk), "kind": "whatsapp_twilio", "name": "Renamed", "settings": settings}
    return {**form, **changes}


def test_a_secret_is_replaced_by_writing_it_and_kept_by_leaving_it_blank(root: Client, cast: Cast) -> None:
    address = page(Channel, "change", cast.channel.pk)

    assert root.post(address, channel_form(cast, auth_token="")).status_code == 302
    [kept] = rows(Channel)
    assert (kept.name, kept.secrets) == ("Renamed", {"auth_token": TWILIO["auth_token"]})

    assert root.post(address, channel_form(cast, auth_token="new-token")).status_code == 302
    [replaced] = rows(Channel)
    assert replaced.secrets == {"auth_token": "new-token"}


def test_a_channel_with_wrong_settings_is_refused_by_name(root: Client, cast: Cast) -> None:
    answer = root.post(page(Channel, "change", cast.channel.pk), channel_form(cast, settings='{"sender": "x"}'))

    text = html.unescape(answer.content.decode())
    assert answer.status_code == 200
    assert "account_sid: is required" in text
    assert rows(Channel)[0].name == "Sales"


def test_a_raw_event_is_readable_whatever_its_bytes(root: Client) -> None:
    [event] = rows(WebhookEvent)
    text = html.unescape(root.get(page(WebhookEvent, "change", event.pk)).content.decode())
    assert "Body: Olá� �" in text
    assert "MessageSid: SM1" in text


def test_parked_events_are_found_and_replayed(root: Client) -> None:
    [event] = rows(WebhookEvent)
    listed = root.get(page(WebhookEvent, "changelist"), {"state__exact": "parked"})
    assert "UnreadablePayload" in listed.content.decode()

    selected = {"action": "replay", "_selected_action": [str(event.pk)]}
    answer = root.post(page(WebhookEvent, "changelist"), selected, follow=True)

    assert "1 parked events are tried again" in answer.content.decode()
    assert rows(WebhookEvent)[0].state == "received"


def test_a_person_and_a_workspace_are_made_in_the_admin(root: Client) -> None:
    new = {"email": "eva@acme.test", "name": "Eva", "usable_password": "true"}
    inline = {"memberships-TOTAL_FORMS": "0", "memberships-INITIAL_FORMS": "0"}
    answer = root.post(page(User, "add"), {**new, **inline, "password1": PASSWORD, "password2": PASSWORD})
    assert answer.status_code == 302
    assert User.objects.get(email="eva@acme.test").check_password(PASSWORD)

    founded = {
        "slug": "third",
        "name": "Third",
        "timezone": "Mars/Olympus",
        "debounce_seconds": "2",
        "doubt_minutes": "10",
        "max_discount_percent": "0",
    }
    assert "not an IANA time zone" in root.post(page(Workspace, "add"), {**founded, **inline}).content.decode()
    assert root.post(page(Workspace, "add"), {**founded, **inline, "timezone": "UTC"}).status_code == 302
    assert Workspace.objects.filter(slug="third").exists()


def test_only_superusers_enter(client: Client, cast: Cast) -> None:
    """Being staff is not enough: the admin shows every workspace."""
    index = reverse("admin:index")
    assert client.get(index).status_code == 302
    # The admin has no login of its own: the installation's one has rate limits and a second factor.
    assert client.get(reverse("admin:login")).headers["location"].startswith(reverse("account_login"))

    User.objects.filter(pk=cast.ana.pk).update(is_staff=True)
    client.force_login(cast.ana)
    assert client.get(index).status_code == 403
    assert client.get(page(Channel, "changelist")).status_code == 403


def test_outside_of_the_admin_a_superuser_is_bound_to_a_workspace_too(root: Client, cast: Cast) -> None:
    with pytest.raises(ScopeError):
        Channel.objects.count()
