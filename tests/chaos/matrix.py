"""The shape of a row of the fault matrix, and what comes of running it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pkgutil import iter_modules
from random import Random
from typing import Final

from .arena import Arena
from .auditor import TOTALS, Findings, judge
from .traffic import Traffic

NOTHING_BROKEN: Final = {**dict.fromkeys(TOTALS, 0.0), "aborted": 0.0}


@dataclass(frozen=True, slots=True)
class Reach:
    """The figures that a row has to reach: each at most, or at least, its limit.

    Nothing may be lost, repeated, overlapping, stale or missed in any row; that need not be said again.
    """

    at_most: Mapping[str, float] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)

    def is_missed(self, name: str, figures: Mapping[str, float]) -> bool:
        """A figure that a row does not name may only be zero."""
        if name in self.at_least:
            return figures.get(name, self.at_least[name]) < self.at_least[name]
        return figures.get(name, 0) > self.at_most.get(name, 0)

    def missed_by(self, figures: Mapping[str, float], *, patience: float = 1.0) -> list[str]:
        """A figure that an aborted row did not measure says nothing; the row has failed all the same.

        `patience` widens what is a time (a name that ends in _s, or in _ratio for two of them) on a machine that has
        more to do than this: what a killed process costs the others is the time in which another one starts.
        """
        most = {
            name: limit * (patience if name.endswith(("_s", "_ratio")) else 1) for name, limit in self.at_most.items()
        }
        limits = [(name, limit, "at most", 1) for name, limit in {**NOTHING_BROKEN, **most}.items()]
        limits += [(name, limit, "at least", -1) for name, limit in self.at_least.items()]
        return [
            f"{name} is {figures[name]:g}, {words} {limit:g}"
            for name, limit, words, sign in limits
            if sign * figures.get(name, limit) > sign * limit
        ]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row measured. `trials` is what could have gone wrong: the n of the bound 3/n."""

    faults: int
    trials: int
    figures: Mapping[str, float]
    examples: Mapping[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One fault of the matrix. `run` injects about `faults` of them into the arena, and measures.

    `share` is its part of the faults of a whole run, `least` the fewest that say anything. `environment` other than
    empty asks for an arena of its own, started with these variables; `has_model` for one where a model thinks.

    `bug` is what the row must find, by its `symptom`: a figure that is not zero, or beyond the reach. Rows with the
    same `proven_with` are proven on one arena with all their bugs: none has another's symptom.
    """

    number: int
    name: str
    promises: tuple[str, ...]
    reach: Reach
    bug: str
    symptom: str
    run: Callable[[Arena, int, Random], Outcome]
    least: int = 3
    share: float = 1.0
    environment: Mapping[str, str] = field(default_factory=dict)
    has_model: bool = False
    proven_with: str = ""


def all_rows() -> list[Row]:
    """Every module of `rows` that has a ROW, by number."""
    package = import_module("tests.chaos.rows")
    modules = [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]
    return sorted((module.ROW for module in modules if hasattr(module, "ROW")), key=lambda row: row.number)


def aborted(why: str) -> Outcome:
    """A row that could not be run to its end has shown nothing."""
    return Outcome(0, 0, {**NOTHING_BROKEN, "aborted": 1.0}, {"aborted": [why]})


def audited(
    traffic: Traffic, *, faults: int, trials: int, patience: Mapping[str, float] | None = None, **figures: float
) -> Outcome:
    """Let everything come to its end (`patience`: what Arena.settle takes), then let the auditor count.

    `figures` are the row's own.
    """
    began = time.monotonic()
    left = traffic.arena.settle(**(patience or {}))
    figures["settled_s"] = round(time.monotonic() - began, 1)
    findings = judge(traffic.arena, traffic.history)
    examples = dict(findings.examples)
    if left:
        examples["unsettled"] = [f"{count} {name}" for name, count in left.items()]
    return Outcome(
        faults, trials, {**_totals(findings), "aborted": 0.0, **figures, "unsettled": sum(left.values())}, examples
    )


def _totals(findings: Findings) -> dict[str, float]:
    totals = {word: float(sum(findings.counts[name] for name in names)) for word, names in TOTALS.items()}
    return {**totals, **{name: float(count) for name, count in findings.broken.items()}}
