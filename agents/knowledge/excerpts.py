"""The sentences of a passage that answer a question: what is quoted to a customer where no model writes."""

from __future__ import annotations

from agents.knowledge.chunking import split_sentences
from agents.knowledge.terms import read_terms

LONGEST_EXCERPT = 320


def excerpt_for(text: str, *, asked: str, language: str | None = None) -> str:
    """The sentence that meets most of the question, with its neighbours as far as there is room."""
    sentences = split_sentences(text)
    if len(text) <= LONGEST_EXCERPT or len(sentences) < 2:
        return text[: LONGEST_EXCERPT * 2].strip()
    words = {word[:5] for group in read_terms(asked, language).groups for word in group}
    met = [_met(sentence, words) for sentence in sentences]
    best = met.index(max(met))
    first, last = best, best + 1
    while last < len(sentences) and _length(sentences[first : last + 1]) <= LONGEST_EXCERPT:
        last += 1
    while first > 0 and _length(sentences[first - 1 : last]) <= LONGEST_EXCERPT and met[first - 1] > 0:
        first -= 1
    return " ".join(sentences[first:last]).strip()


def _met(sentence: str, words: set[str]) -> int:
    said = {word[:5] for group in read_terms(sentence).groups for word in group}
    return len(said & words)


def _length(sentences: list[str]) -> int:
    return sum(len(sentence) + 1 for sentence in sentences)
