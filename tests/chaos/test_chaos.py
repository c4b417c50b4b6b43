"""The short form of `manage.py chaos`: every row holds under a few faults, and finds the bug that is planted for it.

Some rows run with every `bin/test`; all of them, and all the proofs, by `bin/test tests/chaos -m "long or not long"`.
"""

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.chaos.arena import Arena, running_arena
from tests.chaos.cli import proven_together
from tests.chaos.matrix import Row, all_rows
from tests.chaos.run import SHORT, run_matrix, run_row

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

SEED = int(os.environ.get("BATON_CHAOS_SEED") or secrets.randbelow(2**31))
QUICK = {2, 7}
SHARED = [row for row in all_rows() if not (row.environment or row.has_model)]
OWN = [row for row in all_rows() if row.environment or row.has_model]
GROUPS = proven_together(all_rows())


def as_parameter(row: Row) -> Any:
    return pytest.param(row, id=f"{row.number}-{row.name}", marks=[] if row.number in QUICK else pytest.mark.long)


def name_of(row: Row) -> str:
    return f"{row.number}-{row.name}"


def names_of(rows: list[Row]) -> str:
    return "-".join(row.bug for row in rows)


@pytest.fixture(scope="module")
def arena() -> Iterator[Arena]:
    with running_arena() as running:
        yield running


def patience() -> float:
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.mark.parametrize("row", [as_parameter(row) for row in SHARED])
def test_nothing_is_lost_repeated_or_said_by_two(row: Row, arena: Arena) -> None:
    holds(row, arena)


@pytest.mark.long
@pytest.mark.parametrize("row", OWN, ids=name_of)
def test_nothing_is_lost_repeated_or_said_by_two_on_an_arena_of_its_own(row: Row) -> None:
    with running_arena(has_model=row.has_model, **row.environment) as arena:
        holds(row, arena)


def holds(row: Row, arena: Arena) -> None:
    result = run_row(row, arena, faults=row.least, seed=SEED)
    failures = row.reach.missed_by(result.outcome.figures, patience=patience())
    assert not failures, (SEED, failures, result.outcome.figures, result.outcome.examples)
    assert result.outcome.faults > 0


@pytest.mark.long
@pytest.mark.parametrize("rows", GROUPS, ids=names_of)
def test_each_row_finds_the_bug_planted_for_it(rows: list[Row]) -> None:
    numbers, planted = [row.number for row in rows], [row.bug for row in rows]
    report = run_matrix(numbers=numbers, faults=SHORT, seed=SEED, planted=planted)
    blind = [result.as_json() for result in report.results if not result.has_found_bug]
    assert not blind, (SEED, blind)
    assert len(report.results) == len(rows)
