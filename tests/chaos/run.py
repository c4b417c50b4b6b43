"""Running rows: sharing out the faults, one arena for as many rows as can live on it, one result at a time."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from random import Random
from typing import Final

from bench.ground import NotReady

from .arena import Arena, running_arena
from .matrix import Row, aborted, all_rows
from .report import Report, Result

SHORT: Final = 0
"""So few faults that every row runs with its least."""

Tell = Callable[[Result], None]


def share_out(rows: Sequence[Row], faults: int) -> dict[int, int]:
    """Every row its least; what is left by their shares."""
    left = max(0, faults - sum(row.least for row in rows))
    whole = sum(row.share for row in rows) or 1.0
    return {row.number: row.least + int(left * row.share / whole) for row in rows}


def run_matrix(
    *, numbers: Sequence[int], faults: int, seed: int, planted: Sequence[str] = (), tell: Tell = lambda result: None
) -> Report:
    rows = chosen_rows(numbers, planted)
    shares = share_out(rows, faults)
    report = Report(seed, tuple(planted))
    for result in _results(rows, shares, seed, tuple(planted)):
        report.results.append(result)
        tell(result)
    return report


def chosen_rows(numbers: Sequence[int], planted: Sequence[str] = ()) -> list[Row]:
    """Those asked for; with a planted bug and no numbers, those that must find it."""
    rows = all_rows()
    if numbers:
        return [row for row in rows if row.number in numbers]
    return [row for row in rows if not planted or row.bug in planted]


def _results(rows: Sequence[Row], shares: dict[int, int], seed: int, planted: tuple[str, ...]) -> Iterator[Result]:
    def needs(row: Row) -> tuple[bool, list[tuple[str, str]]]:
        return row.has_model, sorted(row.environment.items())

    for (has_model, environment), together in groupby(sorted(rows, key=needs), key=needs):
        left = list(together)
        try:
            with running_arena(planted=planted, has_model=has_model, **dict(environment)) as arena:
                while left:
                    row = left.pop(0)
                    yield run_row(row, arena, faults=shares[row.number], seed=seed, planted=planted)
        except (NotReady, TimeoutError) as error:  # on a machine that is too busy; the next arena may come up
            for row in left:
                yield Result(row, aborted(f"no arena: {error}"), 0.0, planted)


def run_row(row: Row, arena: Arena, *, faults: int, seed: int, planted: tuple[str, ...] = ()) -> Result:
    began = time.monotonic()
    try:
        try:
            outcome = row.run(arena, faults, Random(f"{seed}/{row.number}"))
        finally:
            arena.mend()
    except Exception:  # whatever it is: the other rows are still worth running
        outcome = aborted(traceback.format_exc(limit=-3))
    return Result(row, outcome, time.monotonic() - began, planted)
