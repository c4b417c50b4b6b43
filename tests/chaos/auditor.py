"""The judge reads the doubles' own books, the drivers' history, and the database by plain SQL; nothing of ours runs.

Every finding is a broken promise. What was withheld, failed or doubted with a reason on the row is none.
"""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Final

from tests.doubles.twilio import Call

from . import queries
from .arena import Arena
from .history import Action, History, Outcome
from .tempo import ABSENCE_SECONDS, CALL_WINDOW_SECONDS

EXAMPLES: Final = 5
IN_FLIGHT_SECONDS: Final = CALL_WINDOW_SECONDS
"""What was claimed before a take-over may still come to the provider's socket this long after. When a double on a busy
machine reads it from there says nothing about us."""


@dataclass(frozen=True, slots=True)
class Findings:
    """How often each promise was broken, with a few examples; every check is named, those that found nothing too."""

    counts: dict[str, int]
    examples: dict[str, list[str]] = field(default_factory=dict)

    @property
    def broken(self) -> dict[str, int]:
        return {name: count for name, count in self.counts.items() if count}


@dataclass(slots=True)
class Evidence:
    arena: Arena
    history: History
    calls: list[Call] = field(init=False)
    addresses: list[str] = field(init=False)

    def __post_init__(self) -> None:
        self.addresses = [f"whatsapp:{phone}" for phone in self.history.phones()]
        mine = set(self.addresses)
        self.calls = [call for call in self.arena.twilio.calls.all() if call.to in mine]

    @property
    def accepted(self) -> list[Call]:
        return [call for call in self.calls if call.accepted_at is not None]

    @property
    def booked_too_late(self) -> set[str]:
        """Messages that a double without time to run took longer to book than anybody waits for a list: nothing can
        be said about the provider's promise that everything here relies on (docs/guarantees.md, 2)."""
        return {call.mid for call in self.accepted if (call.accepted_at or 0) - call.arrived_at > ABSENCE_SECONDS}

    def said(self) -> list[Action]:
        """What must have been taken in: we answered 2xx, or the provider's list has it."""
        return [act for act in self.history.all("says") if act.is_listed or act.outcome == Outcome.OK]

    def ask(self, statement: str, **values: Any) -> list[tuple[Any, ...]]:
        return self.arena.query(statement, {"addresses": self.addresses, **values})


Check = Callable[[Evidence], Iterator[str]]


def judge(arena: Arena, history: History) -> Findings:
    evidence = Evidence(arena, history)
    found = {name: list(check(evidence)) for name, check in CHECKS.items()}
    return Findings(
        counts={name: len(examples) for name, examples in found.items()},
        examples={name: examples[:EXAMPLES] for name, examples in found.items() if examples},
    )


# -- in --------------------------------------------------------------------------------------------------------------


def _inbound_lost(evidence: Evidence) -> Iterator[str]:
    sids = [act.subject for act in evidence.said()]
    known = {row[0] for row in evidence.ask(queries.INBOUND_KNOWN, sids=sids)}
    for act in evidence.said():
        if act.subject not in known:
            yield f"{act.subject} of {act.phone}: webhook {act.outcome}, and no message"


def _inbound_twice(evidence: Evidence) -> Iterator[str]:
    sids = [act.subject for act in evidence.history.all("says")]
    for sid, what, count in evidence.ask(queries.INBOUND_TWICE, sids=sids):
        yield f"{sid}: {count} {what}"


# -- out -------------------------------------------------------------------------------------------------------------


def _outbound_repeated(evidence: Evidence) -> Iterator[str]:
    for mid, count in Counter(call.mid for call in evidence.accepted).items():
        if count > 1 and mid not in evidence.booked_too_late:
            yield f"message {mid} was accepted {count} times"


def _booked_too_late(evidence: Evidence) -> Iterator[str]:
    """No breach of ours: told beside the figures, because nothing is judged of these."""
    for mid in sorted(evidence.booked_too_late):
        yield f"message {mid} was booked by the double more than {ABSENCE_SECONDS:g} s after it had come"


def _replied_twice(evidence: Evidence) -> Iterator[str]:
    accepted = [call.mid for call in evidence.accepted]
    for answered, count in evidence.ask(queries.REPLIED_TWICE, mids=accepted):
        yield f"message {answered} was replied to {count} times"


def _outbound_missing(evidence: Evidence) -> Iterator[str]:
    """Not accepted, and neither withheld, failed nor doubted with a reason."""
    accepted = [call.mid for call in evidence.accepted]
    for mid, status in evidence.ask(queries.OUTBOUND_MISSING, mids=accepted):
        yield f"message {mid} is {status}; the provider does not have it, and no reason is given"


def _promised_missing(evidence: Evidence) -> Iterator[str]:
    """A person was told 201, and the row is not there."""
    promised = [act.subject for act in evidence.history.all("writes") if act.outcome == Outcome.OK]
    known = {row[0] for row in evidence.ask(queries.OUTBOUND_KNOWN, mids=promised)}
    for mid in promised:
        if mid not in known:
            yield f"message {mid} was accepted by the API and is not there"


# -- one voice -------------------------------------------------------------------------------------------------------


def _overlaps(evidence: Evidence) -> Iterator[str]:
    """Two calls for one lead in flight at once. What the provider accepted is spoken; the rest of a call is silence."""
    by_lead: dict[str, list[Call]] = defaultdict(list)
    for call in evidence.calls:
        if call.mid not in evidence.booked_too_late:
            by_lead[call.to].append(call)
    for address, calls in by_lead.items():
        ended = 0.0
        for call in sorted(calls, key=lambda call: call.arrived_at):
            if call.arrived_at < ended:
                yield f"{address}: {call.mid} arrived {ended - call.arrived_at:.3f} s before the last call was over"
            ended = max(ended, call.accepted_at or call.ended_at or time.time())


def _stale(evidence: Evidence) -> Iterator[str]:
    accepted = [call.mid for call in evidence.accepted]
    for mid, epoch, reached in evidence.ask(queries.STALE, mids=accepted, window=CALL_WINDOW_SECONDS):
        yield f"message {mid} left under epoch {epoch}; the floor had reached {reached}"


def _after_take_over(evidence: Evidence) -> Iterator[str]:
    """An agent's words that began to leave after a person had been told that the conversation was theirs."""
    voices = {row[0]: row for row in evidence.ask(queries.VOICES, window=CALL_WINDOW_SECONDS)}
    returned = _returned_at(evidence)
    for act in evidence.history.all("takes over", "writes"):
        if act.outcome != Outcome.OK:
            continue
        until = min((max(began, act.began) for began, ended in returned[act.address] if ended > act.began), default=inf)
        for call in evidence.accepted:
            if call.to == act.address and act.ended < call.arrived_at < until and call.mid in voices:
                _, voice, claimed_at = voices[call.mid]
                is_late = call.arrived_at > act.ended + IN_FLIGHT_SECONDS
                if voice != "human" and (claimed_at > act.ended or is_late):
                    late, claimed = call.arrived_at - act.ended, claimed_at - act.ended
                    yield f"{call.mid} of the {voice} arrived {late:+.2f} s from a take-over, claimed {claimed:+.2f} s"


def _returned_at(evidence: Evidence) -> Mapping[str, list[tuple[float, float]]]:
    """Within which moments the agents got their voice back: of two acts at once, either may have been the last."""
    moments: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for act in evidence.history.all("returns", "resolves"):
        moments[act.address].append((act.began, inf if act.outcome == Outcome.UNKNOWN else act.ended))
    for address, at in evidence.ask(queries.RETURNED):
        moments[address].append((at - 1, at))  # by the clock of a process, to the second
    return moments


# -- the ladder, and everybody is answered ---------------------------------------------------------------------------


def _listing(statement: str, words: str) -> Check:
    def check(evidence: Evidence) -> Iterator[str]:
        for row in evidence.ask(statement):
            yield words.format(*row)

    return check


def _unanswered(evidence: Evidence) -> Iterator[str]:
    """Nothing was heard since they last wrote, and the database shows no decision that says why."""
    spoken_to: dict[str, float] = defaultdict(float)
    for call in evidence.accepted:
        spoken_to[call.to] = max(spoken_to[call.to], call.accepted_at or 0)
    wrote = {act.address: act.began for act in sorted(evidence.said(), key=lambda act: act.began)}
    explained = {row[0] for row in evidence.ask(queries.EXPLAINED)}
    for address, at in wrote.items():
        if spoken_to[address] < at and address not in explained:
            yield f"{address} wrote and was not answered"


CHECKS: Final[dict[str, Check]] = {
    "inbound_lost": _inbound_lost,
    "inbound_twice": _inbound_twice,
    "outbound_repeated": _outbound_repeated,
    "booked_too_late": _booked_too_late,
    "replied_twice": _replied_twice,
    "outbound_missing": _outbound_missing,
    "promised_missing": _promised_missing,
    "overlaps": _overlaps,
    "stale": _stale,
    "after_take_over": _after_take_over,
    "steps_missed": _listing(queries.STEPS_MISSED, "handover {0}, {1}: {2}"),
    "steps_repeated": _listing(queries.STEPS_REPEATED, "handover {0}, {1}: fired {2} times"),
    "steps_early": _listing(queries.STEPS_EARLY, "handover {0}, {1}: fired {2} s before it was due"),
    "unanswered": _unanswered,
    "abandoned": _listing(queries.ABANDONED, "handover {0} waits, and its ladder is over"),
}

TOTALS: Final[dict[str, tuple[str, ...]]] = {
    "lost": ("inbound_lost", "outbound_missing", "promised_missing", "unanswered", "abandoned"),
    "repeated": ("inbound_twice", "outbound_repeated", "replied_twice", "steps_repeated"),
    "overlaps": ("overlaps",),
    "stale": ("stale", "after_take_over"),
    "missed": ("steps_missed", "steps_early"),
}
"""The five words of the report, and what each of them counts."""
