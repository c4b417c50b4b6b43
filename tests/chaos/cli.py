"""What `manage.py chaos` does, line by line as the rows end."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from .matrix import Row
from .report import HEAD, Report, Result, details_of, line_of, summary_of
from .run import chosen_rows, run_matrix

Write = Callable[[str], object]


def run(*, numbers: Sequence[int], faults: int, seed: int, planted: Sequence[str], prove: bool, write: Write) -> Report:
    write(HEAD)

    def tell(result: Result) -> None:
        write("\n".join([line_of(result), *details_of(result)]))

    if prove:
        report = prove_rows(numbers=numbers, faults=faults, seed=seed, tell=tell)
    else:
        report = run_matrix(numbers=numbers, faults=faults, seed=seed, planted=planted, tell=tell)
    write(summary_of(report))
    return report


def prove_rows(*, numbers: Sequence[int], faults: int, seed: int, tell: Callable[[Result], None]) -> Report:
    """Each row against the bug that it must find: here it is finding nothing that fails."""
    proof = Report(seed, proves=True)
    for rows in proven_together(chosen_rows(numbers)):
        numbers, planted = [row.number for row in rows], [row.bug for row in rows]
        proof.results += run_matrix(numbers=numbers, faults=faults, seed=seed, planted=planted, tell=tell).results
    return proof


def proven_together(rows: Sequence[Row]) -> list[list[Row]]:
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row.proven_with or row.bug, []).append(row)
    return list(groups.values())
