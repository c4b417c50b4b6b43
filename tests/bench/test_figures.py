"""What a benchmark says of its numbers: beside their limit, and whether they reach what they have to."""

import pytest

from bench import floor
from bench.results import Figure, commit, result


class Nowhere:
    def versions(self) -> dict[str, str]:
        return {"postgresql": "18", "redis": "7"}


def test_a_figure_with_a_limit_is_judged_by_its_ratio():
    figure = Figure("webhooks", 3000, "per second", limit=8000, at_least=0.3)
    assert figure.as_json() == {
        "name": "webhooks", "value": 3000, "unit": "per second", "limit": 8000, "ratio": 0.375,
        "reach": {"at_least": 0.3}, "reached": True,
    }  # fmt: skip
    assert not Figure("webhooks", 2000, "per second", limit=8000, at_least=0.3).reached


def test_a_figure_without_a_limit_is_judged_by_itself():
    assert Figure("p99", 49, "ms", at_most=50).reached
    assert not Figure("p99", 51, "ms", at_most=50).reached
    assert Figure("p50", 7, "ms").reached is None


def test_a_number_that_could_not_be_taken_reached_nothing():
    assert Figure("p99", None, "ms", at_most=50).reached is False


def test_a_result_reaches_what_all_its_figures_reach():
    good, bad = Figure("rate", 5, "per second", limit=10, at_least=0.5), Figure("p99", 60, "ms", at_most=50)
    assert result("intake", [good], place=Nowhere())["reached"] is True
    told = result("intake", [good, bad], place=Nowhere(), connections=32)
    assert (told["name"], told["value"], told["limit"], told["ratio"]) == ("intake", 5, 10, 0.5)
    assert told["reached"] is False
    assert told["connections"] == 32
    assert told["where"]["commit"] == commit()
    assert {"postgresql", "redis", "python", "django"} <= told["where"]["versions"].keys()


@pytest.mark.parametrize(
    ("second", "overlaps"),
    [
        ((7, 2, 1.5, 1.6), 0),  # after the first had ended
        ((7, 2, 1.3, 1.6), 1),  # while the first still held it
        ((7, 1, 1.5, 1.6), 1),  # under the same epoch
        ((8, 1, 1.3, 1.6), 0),  # another lead
    ],
)
def test_grants_overlap_when_they_share_a_moment_or_an_epoch(second: floor.Grant, overlaps: int):
    assert floor.count_overlaps([second, (7, 1, 1.0, 1.4)]) == overlaps
