"""Cutting a text into passages that can be found and quoted alone: whole sentences, a little overlap, their heading."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

PASSAGE = 900
"""Characters of a passage: a few paragraphs; enough to answer from, small enough for six of them in a prompt."""
OVERLAP = 160
LONGEST_SENTENCE = 700
MOST_PASSAGES = 2000

# After the end of a sentence comes a space; "3.5", "e.g." and "9:00" have none, or a small letter behind it.
_END = re.compile(r"(?<=[.!?…。！？؟।])[\"”’)\]]*\s+(?=[^a-zà-öø-ÿ])|\n+")


@dataclass(frozen=True, slots=True)
class Section:
    """A stretch of a document under one heading; both may be empty."""

    heading: str
    text: str
    is_row: bool = False  # a row of a table stands alone


@dataclass(frozen=True, slots=True)
class Passage:
    title: str
    text: str


def split_sentences(text: str) -> list[str]:
    return [sentence for part in _END.split(text) if (sentence := " ".join(part.split()))]


def cut(sections: Iterable[Section], *, title: str) -> list[Passage]:
    """Every passage carries the document's title and the heading it stands under."""
    passages: list[Passage] = []
    for section in sections:
        name = " · ".join(part for part in (title, section.heading) if part)[:300]
        texts = [section.text] if section.is_row else _passages(list(_pieces(section.text)))
        passages += [Passage(name, text) for text in texts if text.strip()]
        if len(passages) > MOST_PASSAGES:
            return passages[:MOST_PASSAGES]
    return passages


def _passages(sentences: list[str]) -> Iterator[str]:
    current: list[str] = []
    fresh = 0  # how many of them are not overlap
    for sentence in sentences:
        if fresh and _length([*current, sentence]) > PASSAGE:
            yield " ".join(current)
            current, fresh = _tail(current), 0
        current.append(sentence)
        fresh += 1
    if fresh:
        yield " ".join(current)


def _tail(sentences: list[str]) -> list[str]:
    """The last sentences that fit into the overlap: what a passage is about is often said just before it."""
    kept: list[str] = []
    for sentence in reversed(sentences):
        if _length([sentence, *kept]) > OVERLAP:
            break
        kept.insert(0, sentence)
    return kept


def _pieces(text: str) -> Iterator[str]:
    """Sentences; one without an end in sight is cut between words."""
    for sentence in split_sentences(text):
        while len(sentence) > LONGEST_SENTENCE:
            at = sentence.rfind(" ", 0, LONGEST_SENTENCE)
            at = at if at > 0 else LONGEST_SENTENCE
            yield sentence[:at]
            sentence = sentence[at:].strip()
        yield sentence


def _length(sentences: list[str]) -> int:
    return sum(len(sentence) + 1 for sentence in sentences)
