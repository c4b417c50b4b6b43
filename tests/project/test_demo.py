"""The demo company: loaded once, alive, and closed where it has no place."""

from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.models import Lead, TrailEntry, User, Workspace
from handover.models import Booking, Handover, LadderStep
from handover.models.handovers import HandoverState, StepState
from messaging.models import Conversation, Message
from messaging.models.messages import MessageStatus
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
