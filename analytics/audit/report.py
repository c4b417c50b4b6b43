"""A run as operators read it: every check with its promise, its number and a few examples."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from analytics.models import AuditRun

from .catalogue import FAMILIES
from .checks import Check, Finding, Level


@dataclass(frozen=True, slots=True)
class Line:
    """One check of a run. `count` is None where the run is older than the check."""

    check: Check
    count: int | None
    examples: tuple[Finding, ...]

    @property
    def is_broken(self) -> bool:
        return bool(self.count) and self.check.level == Level.VIOLATION

    @property
    def hidden(self) -> int:
        return (self.count or 0) - len(self.examples)


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    lines: tuple[Line, ...]


def sections_of(run: AuditRun) -> tuple[Section, ...]:
    return tuple(Section(family.title, tuple(_lines(run, family.checks))) for family in FAMILIES)


def as_answer(run: AuditRun) -> dict[str, Any]:
    """What `audit --json` prints."""
    lines = [line for section in sections_of(run) for line in section.lines]
    return {
        "clean": run.violations == 0,
        "violations": run.violations,
        "notes": sum(line.count or 0 for line in lines if line.check.level == Level.NOTE),
        "abandoned_handovers": run.counts["abandoned_handovers"],
        "run": run.pk,
        "workspace": run.workspace.slug if run.workspace else None,
        "since": _iso(run.since),
        "started_at": _iso(run.started_at),
        "seconds": run.seconds,
        "checks": [_as_json(line) for line in lines],
    }


def _lines(run: AuditRun, checks: tuple[Check, ...]) -> Iterator[Line]:
    for check in checks:
        yield Line(check, run.counts.get(check.name), tuple(map(_finding, run.findings.get(check.name, ()))))


def as_stored(finding: Finding) -> dict[str, Any]:
    return {**asdict(finding), "at": _iso(finding.at)}


def _finding(stored: dict[str, Any]) -> Finding:
    return Finding(**{**stored, "at": datetime.fromisoformat(stored["at"]) if stored["at"] else None})


def _iso(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _as_json(line: Line) -> dict[str, Any]:
    check = line.check
    return {
        "name": check.name,
        "promise": check.promise,
        "level": str(check.level),
        "guard": check.guard,
        "count": line.count,
        "examples": [as_stored(finding) for finding in line.examples],
    }
