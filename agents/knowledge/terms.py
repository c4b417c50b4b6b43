"""The words of a question that carry its meaning, each with its synonyms."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from agents.knowledge.languages import CONFIGURATIONS, strip_accents
from agents.reasoning.language import detect_language
from agents.reasoning.phrasebook import LANGUAGES, book, vocabulary

LONGEST_TEXT = 2000
MOST_TERMS = 24
_WORD = re.compile("[\\w\u0900-\u0dff]+")


@dataclass(frozen=True, slots=True)
class Terms:
    """`groups` are words with their synonyms; `configurations` are PostgreSQL's names of the languages to stem in."""

    groups: tuple[frozenset[str], ...]
    configurations: tuple[str, ...]


def read_terms(text: str, language: str | None = None) -> Terms:
    languages = _languages(text, language)
    return Terms(tuple(_terms(text, languages)), tuple(_configurations(languages)))


def bare_terms(text: str, language: str | None = None) -> tuple[str, ...]:
    """One word for each term, cut to its stem's length: the same for "price" and "prices", however it is asked."""
    groups = read_terms(text, language).groups
    return tuple(dict.fromkeys(min(group)[:5] for group in groups))


def _terms(text: str, languages: tuple[str, ...]) -> list[frozenset[str]]:
    """No synonym group twice."""
    small = frozenset().union(*(vocabulary("stopwords", code) for code in languages))
    words = _words(text)
    terms = dict.fromkeys(_groups_of_phrases(" ".join(words), languages))
    for word in words:
        group = _synonyms_of(word, languages)
        if group or word not in small:
            terms[group or frozenset({word})] = None
    return list(terms)[:MOST_TERMS]


def _words(text: str) -> list[str]:
    composed = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).replace("'", " ").replace("’", " ")
    return [word for word in _WORD.findall(strip_accents(composed).casefold()) if len(word) > 1 or not word.isascii()]


def _synonyms_of(word: str, languages: tuple[str, ...]) -> frozenset[str] | None:
    return next((group for code in languages if (group := _synonyms(code).get(word))), None)


def _groups_of_phrases(words: str, languages: tuple[str, ...]) -> list[frozenset[str]]:
    """ "How much" has no word of its own that means a price."""
    return [
        group
        for code in languages
        for phrase, group in _synonyms(code).items()
        if " " in phrase and f" {phrase} " in f" {words} "
    ]


@cache
def _synonyms(language: str) -> Mapping[str, frozenset[str]]:
    groups = [frozenset(strip_accents(word) for word in group) for group in book(language).get("synonyms", ())]
    return {word: group for group in groups for word in group}


def _languages(text: str, language: str | None) -> tuple[str, ...]:
    """The language given, the one it looks like, and English; every one when a lone word tells nothing."""
    given = language.split("-")[0].lower() if language else None
    seen = detect_language(text[:LONGEST_TEXT], likely=given)
    if not (given or seen):
        return LANGUAGES
    return tuple(dict.fromkeys(code for code in (given, seen, "en") if code))


def _configurations(languages: tuple[str, ...]) -> list[str]:
    return [*(CONFIGURATIONS[code] for code in languages if code in CONFIGURATIONS), "simple"]
