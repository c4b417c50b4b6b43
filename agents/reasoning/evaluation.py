"""How well the cheap tiers read messages that they were never trained on: precision and recall by language and kind."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from agents.reasoning.cascade import hear
from agents.reasoning.phrasebook import LANGUAGES
from agents.reasoning.ports import Intent, Question, Reading
from agents.reasoning.rules import read_offline
from agents.reasoning.trained_phrases import TRAPS, Phrase, held_out_phrases

JUDGED = (Intent.HUMAN_REQUEST, Intent.OPT_OUT)


@dataclass(frozen=True, slots=True)
class Score:
    """`phrases` are those of this kind; precision and recall are None where nothing was there to be found."""

    kind: str
    language: str
    phrases: int
    precision: float | None
    recall: float | None


def evaluate(phrases: Sequence[Phrase] | None = None, *, now: datetime) -> dict[str, Any]:
    """One document: scores of the wishes by language, usual and hard messages apart, of every intent, and the time."""
    judged = held_out_phrases() if phrases is None else phrases
    for phrase in judged[::5]:
        read_phrase(phrase, now)  # what is loaded and compiled once is not counted
    started = time.process_time()
    readings = [read_phrase(phrase, now) for phrase in judged]
    seconds = time.process_time() - started
    pairs = list(zip(judged, readings, strict=True))
    return {
        "phrases": len(judged),
        "ms_a_message": round(seconds * 1000 / len(judged), 3),
        "wishes": _wishes_of([pair for pair in pairs if not pair[0].is_hard]),
        "hard_wishes": _wishes_of([pair for pair in pairs if pair[0].is_hard]),
        "intents": [asdict(_score_intent(intent, pairs)) for intent in Intent if intent not in JUDGED],
        "intent_accuracy": _share(phrase.kind == reading.intent for phrase, reading in _with_intent(pairs)),
        "language_accuracy": _share(phrase.language == reading.language for phrase, reading in pairs),
        "tiers": _tiers(readings),
    }


def read_phrase(phrase: Phrase, now: datetime) -> Reading:
    return read_offline(Question(text=phrase.text, now=now, heard=hear(phrase.text)))


Pairs = Sequence[tuple[Phrase, Reading]]


def _wishes_of(pairs: Pairs) -> list[dict[str, Any]]:
    return [asdict(score) for wish in JUDGED for score in _by_language(wish, pairs)]


def _by_language(wish: Intent, pairs: Pairs) -> list[Score]:
    said = [(phrase.language, phrase.kind == wish, _wishes(wish, reading)) for phrase, reading in pairs]
    every = [_score(wish, "all", [(meant, read) for _, meant, read in said])]
    return every + [
        _score(wish, code, [(meant, read) for language, meant, read in said if language == code]) for code in LANGUAGES
    ]


def _wishes(wish: Intent, reading: Reading) -> bool:
    return reading.wants_human if wish is Intent.HUMAN_REQUEST else reading.opt_out


def _score_intent(intent: Intent, pairs: Pairs) -> Score:
    said = [(phrase.kind == intent, reading.intent is intent) for phrase, reading in _with_intent(pairs)]
    return _score(intent, "all", said)


def _with_intent(pairs: Pairs) -> Pairs:
    """A trap says what a message is not, and nothing about what it is."""
    return [(phrase, reading) for phrase, reading in pairs if phrase.kind not in TRAPS]


def _score(kind: str, language: str, said: Sequence[tuple[bool, bool]]) -> Score:
    both = sum(meant and read for meant, read in said)
    meant, read = sum(meant for meant, _ in said), sum(read for _, read in said)
    return Score(
        kind, language, meant, round(both / read, 3) if read else None, round(both / meant, 3) if meant else None
    )


def _share(right: Iterable[bool]) -> float:
    answers = list(right)
    return round(sum(answers) / len(answers), 3) if answers else 0.0


def _tiers(readings: Iterable[Reading]) -> Mapping[str, int]:
    counted: dict[str, int] = {}
    for reading in readings:
        counted[str(reading.tier)] = counted.get(str(reading.tier), 0) + 1
    return counted
