"""The phrases of words/<language>.yaml, compiled once: where customers say something about themselves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from agents.reasoning.phrasebook import LANGUAGES, read_words

FOLDER = Path(__file__).parent / "words"
_VALUE = '(?P<value>[^.,;:!?\n()"“”«»…؟،।]{2,80}?)'
_OPEN_VALUE = '(?P<value>[^.,;:!?\n()"“”«»…؟،।]{2,80})'
_COUNT = r"(?P<value>\d{1,6}(?:[.,]\d{3})?)"
_BEFORE = r"(?<![\w\u0900-\u097f])"
_WORD_ENDS = "(?:(?<![a-zà-ÿ])|(?![a-zà-ÿ]))"
"""A phrase in Latin letters ends with its word; in Arabic the value may hang on to it."""

_AFTER = r"(?![\w\u0900-\u097f])"

Patterns = tuple[re.Pattern[str], ...]


@cache
def words(language: str) -> Mapping[str, Any]:
    return read_words(FOLDER / f"{language}.yaml")


@cache
def introducing(kind: str) -> Patterns:
    """Phrases of all languages that a value follows, or that enclose one."""
    return tuple(_introducing(phrase) for phrase in _all(kind))


@cache
def counting(kind: str) -> Patterns:
    """Phrases that hold a number."""
    return tuple(
        re.compile(_BEFORE + _spaced(phrase).replace("{}", _COUNT) + ("" if "{}" in phrase else rf"\s+{_COUNT}"), re.I)
        for phrase in _all(kind)
    )


@cache
def plain(kind: str) -> re.Pattern[str]:
    """Any of the phrases of this kind, in all languages."""
    return re.compile(f"{_BEFORE}(?:{_either(_all(kind))}){_AFTER}", re.IGNORECASE)


@cache
def industries() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Each industry with the sentences in which a customer says that it is theirs, language by language."""
    return tuple(
        (name, _theirs(words(language)["we"], kinds))
        for language in LANGUAGES
        for name, kinds in words(language)["industries"].items()
    )


def _theirs(we: Iterable[str], kinds: Iterable[str]) -> re.Pattern[str]:
    few_words = r"(?:\s+[^\s.!?\n]+){0,4}?"
    return re.compile(f"{_BEFORE}(?:{_either(we)}){few_words}\\s+(?P<value>{_either(kinds)}){_AFTER}", re.IGNORECASE)


def _introducing(phrase: str) -> re.Pattern[str]:
    before, hole, after = _spaced(phrase).partition("{}")
    if hole:
        return re.compile(f"{_BEFORE}{before}{_VALUE}{after}", re.IGNORECASE)
    return re.compile(f"{_BEFORE}{before}{_WORD_ENDS}\\s*{_OPEN_VALUE}", re.IGNORECASE)


def _all(kind: str) -> list[str]:
    return [phrase for language in LANGUAGES for phrase in words(language).get(kind) or ()]


def _either(phrases: Iterable[str]) -> str:
    return "|".join(_spaced(phrase) for phrase in phrases)


def _spaced(phrase: str) -> str:
    return phrase.replace(" ", r"\s+")
