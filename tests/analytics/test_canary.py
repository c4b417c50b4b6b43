"""The installation talks to itself: every stage is seen in the rows that ordinary work leaves behind."""

import json
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command

from agents.models import AgentMessage, StaffAlert, Turn
from analytics.metrics import read_gauges
from analytics.models import CanaryRun
from analytics.models.canary import Stage
from analytics.services import canary
from analytics.services.audits import run_audit
from analytics.services.canary_retention import BATCH, KEPT, SLACK, forget_old_runs
from crm.models import Lead, Workspace
from handover.models import Handover, LadderStep
from messaging.channels.canary.webhook import KIND
from messaging.models import Channel, EventKey, Message, WebhookEvent
from project.kernel import clock
from project.kernel.scope import across_workspaces
from tests.analytics.runs import (
    NOBODY_LISTENS,
    apply_events,
    get_through,
    own_web,
    send_messages,
    take_turns,
    work,
)
from tests.doubles.model import ModelDouble
from tests.journeys.world import World

pytestmark = pytest.mark.django_db(transaction=True)

LONG = canary.LIMIT + timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _own_web(settings: Any) -> Iterator[None]:
    with own_web(settings):
        yield


@pytest.fixture(autouse=True)
def _across() -> Iterator[None]:
    with across_workspaces():
        yield


def test_a_run_gets_through_stage_by_stage() -> None:
    run = canary.begin_run(clock.now())
    reached = [canary.follow(run).missing]
    for task in (apply_events, take_turns, send_messages, apply_events):
        task()
        reached.append(canary.follow(run).missing)
    assert reached == [Stage.APPLIED, Stage.TURNED, Stage.ACCEPTED, Stage.DELIVERED, None]
    assert canary.close_if_finished(run, clock.now())
    stored = CanaryRun.objects.get()
    assert stored.stuck_at == "" and stored.closed_at
    instants = [stored.reached_at(stage) for stage in Stage if stage != Stage.POSTED]
    assert all(instants) and instants == sorted(instants)


def test_its_answer_is_an_ordinary_reply_through_the_outbox() -> None:
    get_through()
    said, reply = Message.objects.order_by("position")
    assert (said.body, said.voice, reply.voice, reply.status) == ("Hello", "customer", "ai", "delivered")
    assert [attempt.state for attempt in reply.attempts.all()] == ["accepted"]
    assert {event.kind: event.state for event in WebhookEvent.objects.all()} == {
        "inbound": "applied",
        "status": "applied",
    }


def test_it_never_asks_a_model(settings: Any) -> None:
    with ModelDouble() as model:
        settings.OPENAI_BASE_URL = model.base_url
        get_through()
        assert not model.requests
    assert Turn.objects.get().analysis["tier"] == "offline"


def test_a_period_has_one_run_however_often_it_is_asked_for() -> None:
    now = clock.now()
    assert [canary.begin_one_due_run(now) for _ in range(3)] == [True, False, False]
    assert canary.begin_one_due_run(now + timedelta(seconds=60))
    assert CanaryRun.objects.count() == 2


def test_the_tick_wakes_a_worker_until_the_run_is_closed() -> None:
    now = clock.now()
    assert canary.has_canary_work(now)
    canary.advance_runs(now)
    assert canary.has_canary_work(now), "it is under way"
    work()
    canary.advance_runs(now)
    assert not canary.has_canary_work(now)
    assert canary.has_canary_work(now + timedelta(seconds=60))


def test_off_means_off(settings: Any) -> None:
    settings.CANARY_SECONDS = 0
    assert not canary.has_canary_work(clock.now())
    canary.advance_runs(clock.now())
    assert not CanaryRun.objects.exists()


def test_a_web_process_that_is_away_is_named(settings: Any) -> None:
    settings.INTERNAL_URL = NOBODY_LISTENS
    run = canary.begin_run(clock.now())
    assert not canary.close_if_finished(run, clock.now()), "its time is not over"
    assert canary.close_if_finished(run, clock.now() + LONG)
    assert run.stuck_at == Stage.POSTED
    assert NOBODY_LISTENS in run.problem


@pytest.mark.parametrize(
    ("done", "stage"),
    [
        ([], Stage.APPLIED),
        ([apply_events], Stage.TURNED),
        ([apply_events, take_turns], Stage.ACCEPTED),
        ([apply_events, take_turns, send_messages], Stage.DELIVERED),
    ],
)
def test_a_run_is_given_up_at_the_stage_that_nobody_works_on(done: list[Any], stage: Stage) -> None:
    run = canary.begin_run(clock.now())
    for task in done:
        task()
    assert canary.close_finished_runs(clock.now()) == 0
    assert canary.close_finished_runs(clock.now() + LONG) == 1
    run.refresh_from_db()
    assert (run.stuck_at, run.delivered_at) == (stage, None)


def test_a_report_that_the_door_did_not_take_in_leaves_the_run_waiting_for_it(settings: Any) -> None:
    run = canary.begin_run(clock.now())
    apply_events()
    take_turns()
    Channel.objects.update(settings={"sender": "canary", "public_base_url": NOBODY_LISTENS})
    send_messages()
    assert Message.objects.get(direction="out").status == "accepted", "the null provider has it all the same"
    assert canary.follow(run).missing == Stage.DELIVERED


def test_what_went_wrong_with_one_run_does_not_silence_the_next() -> None:
    canary.begin_run(clock.now())
    apply_events()
    with across_workspaces():
        Message.objects.update(body="I want to talk to a human")
    take_turns()  # the agent gives this conversation away, for good
    assert get_through().delivered_at


def test_a_run_that_ends_with_a_request_for_a_person_disturbs_nobody_and_is_forgotten_as_well(world: World) -> None:
    """The ladder climbs in the installation's own workspace, where nobody works."""
    canary.begin_run(clock.now())
    apply_events()
    Message.objects.update(body="I want to talk to a human")
    world.now = clock.now()
    world.settle()
    for _ in range(4):
        world.wait(minutes=15)
    ends = dict(LadderStep.objects.values_list("rung", "state"))
    assert len(ends) == 4 and not {"pending", "parked"} & set(ends.values()), ends
    assert not AgentMessage.objects.filter(due_at__isnull=False).exists()
    assert not StaffAlert.objects.exists()
    assert {gauge.name: gauge.value for gauge in read_gauges(clock.now())}["baton_open_handovers"] == 0
    forget_old_runs(clock.now() + KEPT + SLACK * 2)
    assert not Handover.objects.exists()


def test_the_address_follows_the_setting_and_the_key_stays(settings: Any) -> None:
    get_through()
    before = Channel.objects.get()
    right = settings.INTERNAL_URL
    settings.INTERNAL_URL = NOBODY_LISTENS
    canary.begin_run(clock.now())
    settings.INTERNAL_URL = right
    get_through()
    after = Channel.objects.get()
    assert (after.pk, after.secrets, after.settings) == (before.pk, before.secrets, before.settings)


# -- forgetting --------------------------------------------------------------------------------------------------


def rows_of_conversations() -> dict[str, int]:
    """How many rows each table of a lead's affairs holds."""
    of_leads = [
        model
        for model in apps.get_models()
        if any(field.related_model in (Lead, Message) for field in model._meta.concrete_fields if field.is_relation)
    ]
    counted = [Lead, *of_leads, WebhookEvent, EventKey]
    return {model._meta.label: count for model in counted if (count := model._base_manager.count())}


def test_a_day_later_nothing_of_a_conversation_is_left_and_the_audit_misses_nothing() -> None:
    first, last = get_through(), get_through()
    assert len(rows_of_conversations()) > 10

    forget_old_runs(clock.now() + KEPT + SLACK / 2)
    assert rows_of_conversations(), "they are removed many at a time"
    later = clock.now() + KEPT + SLACK * 2
    forget_old_runs(later)

    assert rows_of_conversations() == {}
    assert run_audit(workspace=None, since=None, now=later).violations == 0
    assert list(CanaryRun.objects.values_list("pk", flat=True)) == [last.pk], "the age is counted from it"
    assert first.pk != last.pk


def test_other_peoples_rows_and_events_that_wait_are_left_alone() -> None:
    get_through()
    company = Workspace.objects.create(slug="acme", name="Acme")
    davi = Lead.objects.create(workspace=company, name="Davi", created_at=clock.now())
    canary.begin_run(clock.now())  # its event is never applied
    forget_old_runs(clock.now() + KEPT + SLACK * 2)
    assert list(Lead.objects.all()) == [davi]
    assert [event.state for event in WebhookEvent.objects.all()] == ["received"]
    assert EventKey.objects.count() == 1


def test_more_than_a_batch_is_forgotten_in_one_go() -> None:
    get_through()
    own = Workspace.everything.get(is_internal=True)
    long_ago = clock.now() - KEPT - SLACK * 2
    Lead.objects.bulk_create(Lead(workspace=own, created_at=long_ago) for _ in range(2 * BATCH + 1))
    forget_old_runs(clock.now())
    assert Lead.objects.count() == 1


# -- by hand -----------------------------------------------------------------------------------------------------


def test_the_command_prints_the_stages_and_ends_with_one_when_it_did_not_get_through() -> None:
    out = StringIO()
    with pytest.raises(CommandError, match="applied") as caught:  # no worker runs in this test
        call_command("canary", "--json", "--wait", "0.2", stdout=out)
    assert caught.value.returncode == 1
    answer = json.loads(out.getvalue())
    assert (answer["got_through"], answer["stuck_at"]) == (False, "applied")
    assert [stage["stage"] for stage in answer["stages"]] == [str(stage) for stage in Stage]
    assert [bool(stage["at"]) for stage in answer["stages"][:3]] == [True, True, False]
    assert WebhookEvent.objects.get().source == KIND
