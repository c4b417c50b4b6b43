"""A text as numbers: hashed runs of letters, words and stems of words. The same function serves training and reading.

Everything is counted with numpy: the worker that reads needs neither scikit-learn nor scipy.
"""

from __future__ import annotations

from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from agents.reasoning.text import Text

BITS = 20
"""With fewer, more words share a bucket, and in 2^18 wishes are read worse."""
BUCKETS = 1 << BITS
LONGEST_SEGMENT = 400
"""Letters. What is longer is cut: a wish is never said in more."""
_RUNS_OF_LETTERS = (2, 3, 4, 5)
_STEM = 5
"""Letters of a word that its forms mostly share."""
_STEP = np.uint32(0x01000193)
_SPREAD = np.uint32(0x9E3779B1)
_SKIPPED = np.uint32(0x85EBCA6B)
_SHIFT = np.uint32(32 - BITS)

Ids = NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Counts:
    """Which buckets a text falls into, each once, and how strongly."""

    ids: Ids
    strengths: NDArray[np.float32]


def count(padded: str) -> Counts:
    """`padded` is a text's words between single spaces (text.py)."""
    cut = padded[:LONGEST_SEGMENT]
    ids, times = np.unique(np.concatenate([*_letters(cut), *_words(cut.split())]), return_counts=True)
    return Counts(ids, np.sqrt(times).astype(np.float32))


def segments_of(text: Text, *, most: int) -> list[str]:
    """The sentences of a text, in its order; of a long one those at both ends."""
    sentences = [f" {part} . " for part in (part.strip(" ,") for part in text.padded.split(" . ")) if part]
    if len(sentences) <= most:
        return sentences
    return sentences[: most // 2] + sentences[-(most - most // 2) :]


def _letters(padded: str) -> list[Ids]:
    letters = np.frombuffer(padded.encode("utf-32-le", "replace"), np.uint32)
    runs, found = letters, []
    for size in range(2, _RUNS_OF_LETTERS[-1] + 1):
        if len(letters) < size:
            break
        runs = runs[:-1] * _STEP ^ letters[size - 1 :]
        if size in _RUNS_OF_LETTERS:
            found.append(_bucket(runs + np.uint32(size)))
    return found


def _words(words: list[str]) -> list[Ids]:
    whole = _hash(words)
    threes = (whole[:-2] * _STEP ^ whole[1:-1]) * _STEP ^ whole[2:]
    stems = _hash([f"{word[:_STEM]}~" for word in words])
    return [*_neighbours(whole), _bucket(threes), *_neighbours(stems)]


def _neighbours(hashes: Ids) -> list[Ids]:
    """Each by itself, with the next, and with the one after that."""
    return [
        _bucket(hashes),
        _bucket(hashes[:-1] * _STEP ^ hashes[1:]),
        _bucket(hashes[:-2] * _SKIPPED ^ hashes[2:]),
    ]


def _hash(words: list[str]) -> Ids:
    return np.array([crc32(word.encode("utf-8", "replace")) for word in words], np.uint32)


def _bucket(hashes: Ids) -> Ids:
    return (hashes ^ hashes >> np.uint32(15)) * _SPREAD >> _SHIFT
