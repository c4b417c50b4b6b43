"""Phrase books: what people say in each language, as YAML, compiled once.

A phrase is a row of words. `<name>` is any of the words listed under `words:`, `(a|b c)` one of several, `[a|b]` the
same or nothing, `*` up to three words of any kind, `$` that only the end or a word of the class `after` may follow.
Phrases match whole words of a normalised text (text.py).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from agents.reasoning.text import normalise_phrase

FOLDER = Path(__file__).parent / "phrases"
LANGUAGES = ("en", "es", "pt", "fr", "de", "it", "hi", "id", "ar")
_PART = re.compile(r"[\[\]()|*$]|<\w+>|[^\s\[\]()|<>*$]+")
_ANY_WORDS = r"(?: [^\s.]+){0,3}?"
_NOTHING = re.compile(r"(?!)")
_MASK = " ~"


@dataclass(frozen=True, slots=True)
class Topic:
    """The phrases of one kind in one language."""

    language: str
    pattern: re.Pattern[str]


def read_words(path: Path) -> Mapping[str, Any]:
    # BaseLoader makes strings only: to the others, the words "no" and "on" are booleans.
    content: Mapping[str, Any] = yaml.load(path.read_text("utf-8"), yaml.BaseLoader)  # noqa: S506
    return content


@cache
def book(language: str) -> Mapping[str, Any]:
    """Empty for a language that has none."""
    if language not in LANGUAGES:
        return {}
    return read_words(FOLDER / f"{language}.yaml")


@cache
def topic(kind: str) -> tuple[Topic, ...]:
    """The compiled phrases of this kind, one pattern per language that has any."""
    return tuple(
        Topic(language, compile_phrases(phrases, book(language).get("words", {}), loose=not kind.startswith("not_")))
        for language in LANGUAGES
        if (phrases := book(language).get(kind))
    )


def search_topic(kind: str, padded: str, languages: Container[str] = LANGUAGES) -> tuple[str, str] | None:
    """The language and the words of the first phrase of this kind, once the traps (`not_<kind>`) are masked."""
    spoken = [phrases for phrases in topic(kind) if phrases.language in languages]
    if not any(phrases.pattern.search(padded) for phrases in spoken):
        return None  # almost always, and the traps are dear
    for trap in topic(f"not_{kind}"):
        padded = trap.pattern.sub(_MASK, padded)
    for phrases in spoken:
        if found := phrases.pattern.search(padded):
            return phrases.language, found.group().strip(" ,")
    return None


@cache
def phrases_alone(kind: str) -> Mapping[str, str]:
    """Whole lines that mean this kind, each with its language."""
    return {normalise_phrase(phrase): language for language in LANGUAGES for phrase in book(language).get(kind, ())}


@cache
def vocabulary(kind: str, language: str) -> frozenset[str]:
    """A plain list of words."""
    return frozenset(normalise_phrase(str(word)) for word in book(language).get(kind, ()))


def compile_phrases(
    phrases: Iterable[str], words: Mapping[str, Iterable[str]], *, loose: bool = True
) -> re.Pattern[str]:
    """With `loose`, a comma may stand between any two words."""
    compiler = _Compiler(words, " (?:, )?" if loose else " ")
    bodies = [compiler.compile(phrase) for phrase in phrases]
    return re.compile(f"(?:{'|'.join(bodies)})(?= )") if bodies else _NOTHING


class _Compiler:
    """A phrase to a regular expression in which every word brings the space before it."""

    def __init__(self, words: Mapping[str, Iterable[str]], gap: str) -> None:
        self._classes = {name: self._alternatives(members, gap) for name, members in words.items()}
        self._gap = gap
        self._open: list[str] = []

    def compile(self, phrase: str) -> str:
        self._open = []
        body = "".join(self._part(part) for part in _PART.findall(phrase))
        if self._open:
            raise ValueError(f"a bracket is left open in {phrase!r}")
        return body

    def _part(self, part: str) -> str:
        if part in "([":
            self._open.append(part)
            return "(?:"
        if part in ")]":
            return ")" if self._open.pop() == "(" else ")?"
        if part == "|":
            return "|"
        if part == "*":
            return _ANY_WORDS
        if part == "$":
            return f"(?=(?: [.,]|{self._gap}{self._classes['after']})(?= ))"
        return self._gap + (self._classes[part[1:-1]] if part.startswith("<") else _literal(part, self._gap))

    @staticmethod
    def _alternatives(members: Iterable[str], gap: str) -> str:
        # Longest first: "human being" must not stop at "human".
        literals = sorted((normalise_phrase(str(member)) for member in members), key=len, reverse=True)
        return f"(?:{'|'.join(_literal(literal, gap) for literal in literals)})"


def _literal(words: str, gap: str) -> str:
    return gap.join(re.escape(word) for word in normalise_phrase(words).split())
