"""Where a name ends in what was typed after “my name is”, and what cannot be one. Pure."""

from __future__ import annotations

import re
from pathlib import Path

from agents.reasoning.phrasebook import read_words

_WORDS = read_words(Path(__file__).parent / "words" / "names.yaml")
_PARTICLES = frozenset(_WORDS["particles"])
_JOINING = frozenset({"&", "y", "e", "and", "und", "et", "of"})
_ENDS = frozenset(_WORDS["ends"])
_NO_NAMES = frozenset(_WORDS["no_names"])
LONGEST_NAME_WORDS = 5


def person_in(text: str, *, capital: bool) -> str:
    """The person's name that the text begins with; with `capital` only two or more capitalised words count."""
    words = _words(text)
    if not words or words[0].casefold() in _NO_NAMES or not _is_name(words[0]):
        return ""
    is_capitalised = words[0][0].isupper()
    if capital and not is_capitalised:
        return ""
    name = _capitalised(words, _PARTICLES - _JOINING) if is_capitalised else _uncased(words)
    if not name or (capital and len(name) < 2) or not all(map(_is_name, name)):
        return ""
    return " ".join(word if word[0].isupper() or word in _PARTICLES else word.capitalize() for word in name)


def company_in(text: str) -> str:
    """A company's name is capitalised, where the script has capitals."""
    words = _words(text)
    if not words or words[0].casefold() in _NO_NAMES | {"a", "an", "one"}:
        return ""
    first = words[0][0]
    if not (first.isupper() or first.isdigit() or first.lower() == first.upper()):
        return ""
    return " ".join(_capitalised(words, _PARTICLES) if first.isupper() or first.isdigit() else _uncased(words))


def product_in(text: str) -> str:
    """The few words after “I am interested in”."""
    words = _words(text)[:6]
    while words and words[0].casefold() in {"the", "a", "an", "your", "el", "la", "los", "las", "un", "una", "o", "os"}:
        words = words[1:]
    for place, word in enumerate(words):
        if place and word.casefold() in _ENDS - {"de", "da", "do", "di", "del", "for", "with", "para", "per"}:
            words = words[:place]
            break
    while words and words[-1].casefold() in _ENDS | _PARTICLES:
        words = words[:-1]
    return " ".join(words)


def _words(text: str) -> list[str]:
    return [word for word in (word.strip("'’*_-–—") for word in text.split()) if word]


def _capitalised(words: list[str], particles: frozenset[str]) -> list[str]:
    """As long as words are capitalised; a small word counts between two of them."""
    taken: list[str] = []
    waiting: list[str] = []
    for word in words[: LONGEST_NAME_WORDS + 2]:
        if word[0].isupper() or (word[0].isdigit() and taken):
            taken += [*waiting, word]
            waiting = []
        elif word.casefold() in particles and not waiting:
            waiting = [word]
        else:
            break
    return taken[:LONGEST_NAME_WORDS]


def _uncased(words: list[str]) -> list[str]:
    """Typed without capitals, or in a script that has none: up to three words, up to one that goes on."""
    taken: list[str] = []
    for word in words[:3]:
        if word.casefold() in _ENDS - (_PARTICLES - _JOINING if taken else frozenset()):
            break
        taken.append(word)
    while taken and taken[-1].casefold() in _PARTICLES:
        taken.pop()
    return taken


def _is_name(word: str) -> bool:
    bare = re.sub(r"[.'’\-\u0900-\u0903\u093a-\u094f\u064b-\u0652]", "", word)
    return bool(bare) and (bare.isalpha() or word == "&") and len(word) <= 30
