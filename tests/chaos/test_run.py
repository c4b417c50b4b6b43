"""One row that cannot be run to its end is a failure of its own, and never the end of the others."""

from random import Random
from typing import Any

from tests.chaos.arena import Arena
from tests.chaos.matrix import Outcome, Reach, Row
from tests.chaos.run import run_row


class EmptyArena:
    def __init__(self) -> None:
        self.times_mended = 0

    def mend(self) -> None:
        self.times_mended += 1


def choose_from_nobody(arena: Arena, faults: int, rng: Random) -> Outcome:
    rng.choice([])
    raise AssertionError("there was nobody to choose")


def test_whatever_goes_wrong_in_a_row_is_told_and_the_arena_is_mended_for_the_next() -> None:
    row = Row(99, "nobody", (), Reach(), bug="", symptom="", run=choose_from_nobody)
    arena: Any = EmptyArena()
    result = run_row(row, arena, faults=1, seed=0)
    assert not result.has_passed
    assert result.outcome.figures["aborted"] == 1
    assert "IndexError" in result.outcome.examples["aborted"][0]
    assert arena.times_mended == 1
