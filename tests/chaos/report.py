"""What a run of the matrix came to: a table for people, one JSON document for machines."""

from __future__ import annotations

import platform
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg

from project.installation import CHECKOUT

from .auditor import TOTALS
from .matrix import Outcome, Row


@dataclass(frozen=True, slots=True)
class Result:
    row: Row
    outcome: Outcome
    seconds: float
    planted: tuple[str, ...] = ()

    @property
    def failures(self) -> list[str]:
        return self.row.reach.missed_by(self.outcome.figures)

    @property
    def has_passed(self) -> bool:
        return not self.failures

    @property
    def has_found_bug(self) -> bool:
        return self.row.bug in self.planted and self.row.reach.is_missed(self.row.symptom, self.outcome.figures)

    @property
    def bound(self) -> float | None:
        """Nothing broken in n trials means a rate below 3/n, at 95 %."""
        is_clean = not any(self.outcome.figures[word] for word in TOTALS)
        return 3 / self.outcome.trials if is_clean and self.outcome.trials else None

    def as_json(self) -> dict[str, Any]:
        return {
            "row": self.row.number,
            "name": self.row.name,
            "promises": list(self.row.promises),
            "faults": self.outcome.faults,
            "trials": self.outcome.trials,
            "figures": dict(self.outcome.figures),
            "reach": {"at_most": dict(self.row.reach.at_most), "at_least": dict(self.row.reach.at_least)},
            "passed": self.has_passed,
            "failures": self.failures,
            "examples": dict(self.outcome.examples),
            "bound": self.bound,
            "bug": self.row.bug,
            "symptom": self.row.symptom,
            "found_bug": self.has_found_bug,
            "planted": list(self.planted),
            "seconds": round(self.seconds, 1),
        }


@dataclass(slots=True)
class Report:
    seed: int
    planted: tuple[str, ...] = ()
    proves: bool = False
    results: list[Result] = field(default_factory=list)

    @property
    def has_passed(self) -> bool:
        """With each row's own bug planted, a row that does not find it is the failure."""
        return all(result.has_found_bug if self.proves else result.has_passed for result in self.results)

    def total(self, figure: str) -> int:
        return int(sum(result.outcome.figures[figure] for result in self.results))

    def as_json(self) -> dict[str, Any]:
        faults = sum(result.outcome.faults for result in self.results)
        trials = sum(result.outcome.trials for result in self.results)
        return {
            "seed": self.seed,
            "planted": list(self.planted),
            "proves": self.proves,
            "passed": self.has_passed,
            "faults": faults,
            "trials": trials,
            **{word: self.total(word) for word in TOTALS},
            "bound": 3 / trials if trials and not any(self.total(word) for word in TOTALS) else None,
            "rows": [result.as_json() for result in self.results],
            "seconds": round(sum(result.seconds for result in self.results), 1),
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            **versions(),
        }


def versions() -> dict[str, str]:
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    return {"commit": done.stdout.strip(), "python": platform.python_version(), "psycopg": psycopg.__version__}


SHOWN = 2
HEAD = " ".join(["row ", f"{'fault':<44}", "faults trials ", "lost  rep. over. stale miss.     s"])


def line_of(result: Result) -> str:
    outcome = result.outcome
    words = " ".join(f"{outcome.figures[word]:>5.0f}" for word in TOTALS)
    verdict = "" if result.has_passed else "  FAILED"
    if result.row.bug in result.planted:
        verdict = f"  {'found' if result.has_found_bug else 'DID NOT FIND'} {result.row.bug} by {result.row.symptom}"
    return (
        f"{result.row.number:>3}  {result.row.name[:44]:<44} {outcome.faults:>6} {outcome.trials:>6} {words} "
        f"{result.seconds:>5.0f}{verdict}"
    )


def details_of(result: Result) -> list[str]:
    """What is not in the table: the row's own figures, why it failed, and examples."""
    known = {*TOTALS, "unsettled", "aborted"}
    own = {name: value for name, value in result.outcome.figures.items() if name not in known}
    lines = [f"       {name}: {value:g}" for name, value in own.items()]
    lines += [f"       FAILED: {why}" for why in result.failures]
    return lines + [
        f"         {name}: {text}" for name, texts in result.outcome.examples.items() for text in texts[:SHOWN]
    ]


def summary_of(report: Report) -> str:
    told = report.as_json()
    words = ", ".join(f"{told[word]} {word}" for word in TOTALS)
    bound = f"; each rate below {told['bound']:.2g} (3/n, 95 %)" if told["bound"] else ""
    verdict = "passed" if report.has_passed else "FAILED"
    if report.proves:
        found = sum(result.has_found_bug for result in report.results)
        return f"{verdict}: {found} of {len(report.results)} planted bugs were found. Seed {report.seed}."
    return f"{verdict}: {told['faults']} faults, {told['trials']} trials: {words}{bound}. Seed {report.seed}."
