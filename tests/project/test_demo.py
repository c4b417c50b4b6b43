"""The demo company: loaded once, alive, and closed where it has no place."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from crm.models import Lead, TrailEntry, User, Workspace
from crm.models.people import IdentityKind
from handover.models import Booking, Handover, LadderStep
from handover.models.handovers import HandoverState, StepState
from messaging.models import Conversation, Message
from messaging.models.messages import MessageStatus
from messaging.services.receiving import receive_message
from project.demo.company import COMPANY, found_company
from project.demo.stories import STORIES
from project.kernel import clock
from project.kernel.scope import workspace_scope

pytestmark = pytest.mark.django_db


@pytest.fixture
def prado() -> Workspace:
    return found_company(now=clock.now())


def test_loading_it_twice_changes_nothing(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEMO = True
    call_command("load_demo")
    call_command("load_demo")
    workspace = Workspace.objects.get(slug="demo")
    with workspace_scope(workspace):
        assert Conversation.objects.count() == len(STORIES)
    assert "ana@demo.test" in capsys.readouterr().out


def test_production_refuses_it(settings: Any) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError) as refused:
        call_command("load_demo")
    assert refused.value.returncode == 2
    assert not User.objects.exists()


def test_the_past_shows_every_state_of_the_job(prado: Workspace) -> None:
    with workspace_scope(prado):
        states = set(Handover.objects.values_list("state", flat=True))
        assert {HandoverState.WAITING, HandoverState.CALLBACK, HandoverState.ANSWERED, HandoverState.BOOKED} <= states
        assert Booking.objects.filter(state="booked").exists()
        withheld = Message.objects.get(status=MessageStatus.SUPPRESSED)
        assert "asked for a person" in withheld.verdict["reason"]
        assert Lead.objects.filter(is_vip=True).exists()


def test_every_conversation_explains_itself(prado: Workspace) -> None:
    with workspace_scope(prado):
        explained = set(TrailEntry.objects.values_list("lead_id", flat=True))
        assert explained == set(Lead.objects.values_list("pk", flat=True))


def test_nothing_of_the_past_is_left_to_do_but_the_ladders_of_those_who_wait(prado: Workspace) -> None:
    with workspace_scope(prado):
        assert not Message.objects.filter(status=MessageStatus.QUEUED).exists()
        assert not Conversation.objects.filter(turn_due_at__isnull=False).exists()
        pending = LadderStep.objects.filter(state=StepState.PENDING)
        assert pending.exists()
        assert not pending.filter(due_at__lte=clock.now()).exists()
        assert not pending.exclude(handover__state=HandoverState.WAITING).exists()


def test_its_whatsapp_never_calls_twilio(prado: Workspace) -> None:
    with workspace_scope(prado):
        channel = prado.channels.get(kind="whatsapp_twilio")
    assert channel.paused_reason == COMPANY["whatsapp"]["paused_because"]


# -- the page ------------------------------------------------------------------------------------------------------


@pytest.fixture
def open_demo(prado: Workspace, settings: Any) -> Client:
    settings.DEMO = True
    return Client()


def test_whoever_opens_it_is_signed_in_as_bruno_with_a_customer_of_their_own(open_demo: Client) -> None:
    assert open_demo.get("/demo/").status_code == 200
    assert User.objects.get(pk=open_demo.session["_auth_user_id"]).email == "bruno@demo.test"
    assert open_demo.get("/w/demo/inbox/").status_code == 200
    other = Client()
    other.get("/demo/")
    assert other.session["demo_visitor"] != open_demo.session["demo_visitor"]


def test_ana_stays_ana(open_demo: Client) -> None:
    open_demo.force_login(User.objects.get(email="ana@demo.test"))
    open_demo.get("/demo/")
    assert User.objects.get(pk=open_demo.session["_auth_user_id"]).email == "ana@demo.test"


def test_nothing_is_done_at_first_and_a_greeting_is_noticed(open_demo: Client, prado: Workspace) -> None:
    open_demo.get("/demo/")
    assert open_demo.get("/demo/progress/").json() == {
        "conversation": None, "steps": [False] * 5, "rungs": [], "ended": "", "booking": "",
    }  # fmt: skip
    say(prado, open_demo.session["demo_visitor"], "Hi")
    assert open_demo.get("/demo/progress/").json()["conversation"]


def test_starting_over_brings_another_customer(open_demo: Client) -> None:
    open_demo.get("/demo/")
    first = open_demo.session["demo_visitor"]
    assert open_demo.post("/demo/start-over/").status_code == 302
    open_demo.get("/demo/")
    assert open_demo.session["demo_visitor"] != first


@pytest.mark.parametrize("path", ["", "phone/", "progress/", "book/?utm_content=x", "start-over/"])
def test_every_door_of_it_is_closed_without_the_setting(
    prado: Workspace, client: Client, settings: Any, path: str
) -> None:
    settings.DEMO = False
    answer = client.post(f"/demo/{path}") if path == "start-over/" else client.get(f"/demo/{path}")
    assert answer.status_code == 404
    assert "_auth_user_id" not in client.session


def test_a_time_is_booked_once_and_a_strange_time_or_link_is_not_found(open_demo: Client, prado: Workspace) -> None:
    with workspace_scope(prado):
        offered = Booking.objects.get(state="offered")
    page = f"/demo/book/?utm_content={offered.token}"
    slot = open_demo.get(page).context["slots"][1].isoformat()
    assert open_demo.post(page, {"slot": "2020-01-01T00:00:00+00:00"}).status_code == 404
    assert "Booked" in open_demo.post(page, {"slot": slot}).content.decode()
    assert "Booked" in open_demo.get(page).content.decode()
    assert open_demo.get("/demo/book/?utm_content=%00").status_code == 404
    assert open_demo.get("/demo/book/").status_code == 404


def test_the_booking_page_follows_the_installation_to_another_port(
    open_demo: Client, prado: Workspace, settings: Any
) -> None:
    settings.PUBLIC_BASE_URL = "http://localhost:9999"
    open_demo.get("/demo/")
    prado.refresh_from_db()
    assert prado.booking_url == "http://localhost:9999/demo/book/"


def say(prado: Workspace, visitor: str, words: str) -> None:
    with workspace_scope(prado):
        receive_message(
            channel=prado.channels.get(kind="webchat"),
            identities=[(IdentityKind.VISITOR, visitor)],
            address=visitor,
            provider_id=f"{visitor}:1",
            body=words,
            at=clock.now(),
            now=clock.now(),
        )
