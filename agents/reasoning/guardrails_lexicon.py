"""The phrases of safety/<language>.yaml, compiled once: what must be recognised in any of the nine languages."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from agents.reasoning.phrasebook import LANGUAGES, compile_phrases, read_words
from agents.reasoning.text import normalise, normalise_phrase

FOLDER = Path(__file__).parent / "safety"
_MASK = " ~"


@dataclass(frozen=True, slots=True)
class Found:
    words: str
    language: str


@cache
def _book(language: str) -> Mapping[str, Any]:
    return read_words(FOLDER / f"{language}.yaml")


@cache
def _patterns(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple(
        (language, compile_phrases(phrases, _book(language).get("words", {}), loose=True))
        for language in LANGUAGES
        if (phrases := _book(language).get(kind))
    )


def find_phrase(kind: str, text: str) -> Found | None:
    """The first phrase of this kind in any language, once its traps (`not_<kind>`) are masked."""
    return next(find_phrases(kind, text), None)


def find_phrases(kind: str, text: str) -> Iterator[Found]:
    for spelling in normalise(text):
        padded = spelling.padded
        for _, trap in _patterns(f"not_{kind}"):
            padded = trap.sub(_MASK, padded)
        for language, pattern in _patterns(kind):
            for found in pattern.finditer(padded):
                yield Found(found.group().strip(" ,"), language)


@cache
def lexicon(kind: str) -> frozenset[str]:
    """Plain words of every language."""
    return frozenset(normalise_phrase(str(word)) for language in LANGUAGES for word in _book(language).get(kind, ()))


def has_word(kind: str, text: str) -> bool:
    padded = normalise(text)[-1].padded
    return any(f" {word} " in padded for word in lexicon(kind))
