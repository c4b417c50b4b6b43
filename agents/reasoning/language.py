"""Which language a short message is in, by script and by the little words of each language."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

from agents.reasoning.phrasebook import LANGUAGES, topic, vocabulary
from agents.reasoning.text import Text, normalise

_SCRIPTS = (
    ("hi", re.compile("[\u0900-\u097f]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("ja", re.compile("[\u3040-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7af]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("he", re.compile("[\u0590-\u05ff]")),
    ("th", re.compile("[\u0e00-\u0e7f]")),
)
_TELLING_WORDS = ("stopwords", "positive", "negative")
_TELLING_TOPICS = ("greeting", "thanks", "pricing")


def detect_language(text: str, *, likely: str | None = None) -> str | None:
    """None when nothing tells. `likely` (what the customer used so far) wins a tie."""
    spelling = normalise(text)[-1]
    if script := script_of(text):
        return script
    counts = _count_words(spelling)
    if not counts:
        return None
    best = max(counts.values())
    leaders = [language for language in LANGUAGES if counts[language] == best]
    return likely if likely in leaders else leaders[0]


def script_of(text: str) -> str | None:
    """The language that is written in these letters, when only one of ours is."""
    for language, letters in _SCRIPTS:
        if len(letters.findall(text[:500])) * 3 > len("".join(text[:500].split())):
            return language
    return None


@cache
def _languages_of_words() -> dict[str, tuple[str, ...]]:
    """Each telling word with the languages that use it."""
    found: dict[str, list[str]] = {}
    for language in LANGUAGES:
        for word in frozenset().union(*(vocabulary(kind, language) for kind in _TELLING_WORDS)):
            found.setdefault(word, []).append(language)
    return {word: tuple(languages) for word, languages in found.items()}


def _count_words(text: Text) -> Counter[str]:
    known = _languages_of_words()
    counts: Counter[str] = Counter()
    for word in text.words[:200]:
        counts.update(known.get(word, ()))
    for kind in _TELLING_TOPICS:
        counts.update({phrases.language: 1 for phrases in topic(kind) if phrases.pattern.search(text.padded)})
    return counts
