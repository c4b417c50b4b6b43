"""A walk that never finds anything proves nothing: with one guard taken away, it does.

Without a death each of these bugs is invisible: the walk refuses a journey that fails by itself.
"""

from typing import Any

import pytest

from tests.crashes.planted import BUGS
from tests.crashes.stage import Stage
from tests.crashes.walk import walk

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

FOUND = {
    "attempt_committed_after_call": ("question", "after call POST", "reached Davi 2 times"),
    "doubt_taken_for_refusal": ("ladder", "after call POST", "reached Davi 2 times"),
    "applied_before_its_transaction": ("question", "apply_events/after commit", "is there 0 times"),
    "answered_before_stored": ("booking", "grouped commit", "nobody knows of it"),
    "fired_before_said": ("ladder", "climb_one_due_step/after write", "Davi heard nothing"),
    "turn_leased_for_days": ("question", "grant_floor", "turns to take"),
    "dead_calls_left_alone": ("ladder", "after call POST", "attempts to settle"),
}


QUICK = "attempt_committed_after_call"


def as_parameter(bug: str) -> Any:
    return pytest.param(bug, marks=[] if bug == QUICK else pytest.mark.long)


@pytest.mark.parametrize("bug", [as_parameter(bug) for bug in sorted(BUGS)])
def test_the_walk_finds(bug: str, stages: list[Stage]) -> None:
    journey, near, complaint = FOUND[bug]
    result = walk(journeys=[journey], near=near, bug=bug, stages=stages, stops_at_failure=True)
    assert any(complaint in complained for failure in result.failures for complained in failure.complaints), result
