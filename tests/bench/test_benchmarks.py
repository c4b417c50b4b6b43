"""Each benchmark in its smallest size: it runs, tells its figures in the one shape, and breaks no promise on the way.

How fast this machine is just now proves nothing, so no test here looks at a time.
"""

from __future__ import annotations

from typing import Any

import pytest

from bench import floor, intake, ladder, reasoning, reply

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

FIGURE = {"name", "value", "unit", "limit", "ratio", "reach", "reached"}
PROMISES = {"answered 2xx and not stored", "overlapping grants", "due rungs not fired", "customers without a reply"}


def check_shape(told: dict[str, Any], name: str) -> dict[str, Any]:
    """The values of its figures, by name."""
    assert told["name"] == name
    assert {*FIGURE, "figures", "where"} <= told.keys()
    assert all(figure.keys() == FIGURE for figure in told["figures"])
    assert {"at", "commit", "cpus", "versions"} <= told["where"].keys()
    broken = [figure for figure in told["figures"] if figure["name"] in PROMISES and not figure["reached"]]
    assert not broken
    return {figure["name"]: figure["value"] for figure in told["figures"]}


def test_intake_stores_every_webhook_that_it_answers() -> None:
    told = intake.measure(seconds=1, connections=4)
    values = check_shape(told, "intake")
    assert values["answered 2xx and not stored"] == 0
    assert set(told["statuses"]) == {204}
    assert values["webhooks"] > 0 < told["limit"]


def test_floor_grants_never_overlap() -> None:
    told = floor.measure(seconds=1, leads=100)
    values = check_shape(told, "floor")
    assert values["overlapping grants"] == 0
    assert all(values[case.name] > 0 for case in floor.CASES)


@pytest.mark.long
def test_ladder_fires_every_due_rung_once_and_asks_no_more_for_more_handovers() -> None:
    told = ladder.measure(sizes=(20, 60), due=20)
    values = check_shape(told, "ladder")
    assert values["due rungs not fired"] == 0
    few, many = told["sizes"]
    assert few["empty_tick_statements"] == many["empty_tick_statements"]
    assert few["statements_per_rung"] < 40


@pytest.mark.long
def test_reply_answers_every_customer() -> None:
    told = reply.measure(seconds=2, rates=(1, 2), search=())
    values = check_shape(told, "reply")
    assert values["customers without a reply"] == 0


@pytest.mark.long
def test_reasoning_tells_of_its_tiers_its_crew_and_its_worker() -> None:
    values = check_shape(reasoning.measure(seconds=0.5), "reasoning")
    assert values["offline message"] > 0 < values["crew call above a bare HTTP call"]
    assert values["memory of the reasoning worker"] > values["memory of the offline tiers"]
