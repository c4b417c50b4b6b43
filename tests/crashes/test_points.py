"""The crash points themselves: their names, their order, and that there are none outside of a crashing system."""

import subprocess

import pytest
from django.db.backends.base.base import BaseDatabaseWrapper

from project.installation import CHECKOUT
from tests.crashes.runs import Point
from tests.crashes.stage import Stage
from tests.crashes.walk import all_points, walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

TWILIO = "messaging.channels.twilio.transport._HttpClient.request"

THE_WAY_OF_A_QUESTION = [
    "messaging.doors.store.EventStore._insert_once/before grouped commit#1",
    "messaging.doors.store.EventStore._insert_once/after grouped commit#1",
    "messaging.doors.wake.wake_applier/before wake messaging.tasks.apply_events#1",
    "messaging.services.inbox.apply_one_due_event/before commit#1",
    "agents.receivers._wake_turns/before wake agents.tasks.take_turns#1",
    "agents.primary.turns.take_one_due_turn/before commit#1",
    "agents.coordinator.grant_floor/before commit#1",
    "agents.primary.actions.act_on/before commit#1",
    "agents.primary.actions.act_on/before wake messaging.tasks.send_messages#1",
    "messaging.services.dispatch._claim/before commit#1",
    "messaging.services.dispatch._claim/after commit#1",
    f"{TWILIO}/before call POST#1",
    f"{TWILIO}/after call POST#1",
    "messaging.services.settlement.settle_accepted/before commit#1",
    "messaging.services.settlement.settle_accepted/after commit#1",
]


@pytest.fixture(scope="module")
def points(stages: list[Stage]) -> list[Point]:
    return all_points(stages[0], journeys=["question"])


def test_a_question_passes_its_points_in_their_order(points: list[Point]) -> None:
    passed = [point.name for point in points]
    assert [name for name in passed if name in THE_WAY_OF_A_QUESTION] == THE_WAY_OF_A_QUESTION


def test_a_journey_passes_the_same_points_every_time(points: list[Point], stages: list[Stage]) -> None:
    assert all_points(stages[-1], journeys=["question"]) == points


def test_a_point_without_a_name_is_an_error(stages: list[Stage]) -> None:
    with pytest.raises(LookupError, match="nowhere"):
        walk(["question: nowhere/before commit#1"], journeys=["question"], stages=stages)


def test_a_process_that_does_not_ask_for_points_has_none() -> None:
    assert BaseDatabaseWrapper._commit.__module__ == "django.db.backends.base.base"


def test_the_product_knows_nothing_of_them() -> None:
    searched = ["git", "grep", "-l", "-E", "tests[./]crashes|crash_at|crash point", "--", "*.py", ":!tests"]
    assert subprocess.run(searched, cwd=CHECKOUT, capture_output=True, text=True).stdout == ""
