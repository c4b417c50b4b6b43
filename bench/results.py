"""The one shape of a benchmark's result: figures beside the limits measured in the same minute, and where that was.

`{"name", "value", "limit", "ratio", "reach", "reached", "figures": [...], …, "where": {...}}`. The first figure is the
headline; `reached` at the top is true when every figure that has something to reach reached it.
"""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any, Protocol

from project.installation import CHECKOUT

LIBRARIES = ("Django", "psycopg", "celery", "uvicorn")


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. What it has to reach is said of its ratio to the limit, or of the value where there is no limit."""

    name: str
    value: float | None
    unit: str
    limit: float | None = None
    at_least: float | None = None
    at_most: float | None = None

    @property
    def ratio(self) -> float | None:
        return self.value / self.limit if self.value is not None and self.limit else None

    @property
    def reach(self) -> dict[str, float] | None:
        bounds = {"at_least": self.at_least, "at_most": self.at_most}
        return {name: bound for name, bound in bounds.items() if bound is not None} or None

    @property
    def reached(self) -> bool | None:
        """None where nothing is to be reached; a number that could not be taken reached nothing."""
        if self.reach is None:
            return None
        judged = self.value if self.limit is None else self.ratio
        if judged is None:
            return False
        return (self.at_least is None or judged >= self.at_least) and (self.at_most is None or judged <= self.at_most)

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name, "value": _rounded(self.value), "unit": self.unit, "limit": _rounded(self.limit),
            "ratio": _rounded(self.ratio), "reach": self.reach, "reached": self.reached,
        }  # fmt: skip


class Place(Protocol):
    def versions(self) -> dict[str, str]: ...


def result(name: str, figures: Sequence[Figure], *, place: Place, **details: Any) -> dict[str, Any]:
    """`details` are whatever else explains the figures: sizes, counts, percentiles."""
    headline = figures[0].as_json()
    judged = [figure.reached for figure in figures if figure.reached is not None]
    return {
        **headline, "name": name, "figure": headline["name"],
        "reached": all(judged) if judged else None,
        "figures": [figure.as_json() for figure in figures],
        **details,
        "where": where(place),
    }  # fmt: skip


def where(place: Place) -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "machine": f"{os.cpu_count()} × {processor()}",
        "cpus": os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 1),
        "versions": {
            "python": platform.python_version(),
            **place.versions(),
            **{library.lower(): version(library) for library in LIBRARIES},
        },
    }


def processor() -> str:
    with open("/proc/cpuinfo") as lines:  # noqa: PTH123
        named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        return next(named, platform.machine())


def commit() -> str:
    """The checkout's commit, with a plus when files differ from it; empty outside of a repository."""
    words = ["git", "describe", "--always", "--abbrev=7", "--dirty=+", "--match", ""]
    try:
        done = subprocess.run(words, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def _rounded(number: float | None) -> float | None:
    """Three significant digits after the point say more than the measurement knows."""
    return None if number is None else round(number, 3)
