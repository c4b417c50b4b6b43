"""What was decided against what must be, and against the last run. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from agents.reasoning.text import fold

from .playing import Decided, Played
from .recordings import Expectation

COMPARED = ("step", "trigger", "intent", "tier", "language", "cites", "asks_for", "alerts", "text")


@dataclass(frozen=True, slots=True)
class Flaw:
    """An expectation that does not hold. `turn` counts from 1; 0 is the conversation as a whole."""

    conversation: str
    turn: int
    what: str
    expected: str
    found: str

    def __str__(self) -> str:
        place = f", turn {self.turn}" if self.turn else ""
        return f"{self.conversation}{place}: {self.what}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True)
class Change:
    """A decision that was another in the last run."""

    conversation: str
    turn: int
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        return f"{self.conversation}, turn {self.turn}: {self.what}: {self.before or '—'} → {self.after or '—'}"


def flaws_of(played: Played) -> list[Flaw]:
    recording = played.recording
    flaws = [
        Flaw(recording.name, number, what, expected, found)
        for number, (turn, decided) in enumerate(zip(recording.turns, played.decisions, strict=False), 1)
        for what, expected, found in _unmet(turn.expect, decided)
    ]
    if played.error:
        return [*flaws, Flaw(recording.name, len(played.decisions) + 1, "failure", "none", played.error)]
    flaws += [
        Flaw(recording.name, 0, f"fact {name}", value, played.facts.get(name, "nothing"))
        for name, value in recording.facts.items()
        if fold(played.facts.get(name, "")) != fold(value)
    ]
    unwanted = [name for name in recording.no_facts if played.facts.get(name)]
    return flaws + [Flaw(recording.name, 0, f"fact {name}", "nothing", played.facts[name]) for name in unwanted]


def _unmet(expected: Expectation, decided: Decided) -> Iterable[tuple[str, str, str]]:
    for name in ("step", "trigger", "tier", "language", "asks_for"):
        wanted = getattr(expected, name)
        if wanted is not None and wanted != getattr(decided, name):
            yield name, wanted or "nothing", getattr(decided, name) or "nothing"
    if expected.intent is not None and decided.intent not in expected.intent:
        yield "intent", " or ".join(expected.intent), decided.intent or "nothing"
    if expected.cites is not None and sorted(expected.cites) != sorted(decided.cites):
        yield "cites", _listed(expected.cites), _listed(decided.cites)
    if expected.alerts is not None and expected.alerts != decided.alerts:
        yield "alerts", str(expected.alerts), str(decided.alerts)
    text = fold(decided.text)
    yield from (("says", f"“{words}”", _quoted(decided.text)) for words in expected.says if fold(words) not in text)
    yield from (
        ("says", f"never “{words}”", _quoted(decided.text)) for words in expected.never_says if fold(words) in text
    )


def _listed(titles: Sequence[str]) -> str:
    return ", ".join(titles) or "nothing"


def _quoted(text: str) -> str:
    return f"“{' '.join(text.split())[:160]}”" if text else "silence"


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Of the conversations that both runs played; `{name: [decision, …]}` as written by `as_json`."""
    changes = []
    for name in before.keys() & after.keys():
        for number, (old, new) in enumerate(zip(before[name], after[name], strict=False), 1):
            changes += [
                Change(name, number, what, _plain(old.get(what)), _plain(new.get(what)))
                for what in COMPARED
                if old.get(what) != new.get(what)
            ]
    return sorted(changes, key=lambda change: (change.conversation, change.turn))


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else " ".join(str(value or "").split())[:160]
