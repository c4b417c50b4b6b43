"""What is too near to a phrase that the model is measured with must not be trained on, whoever wrote either."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from agents.reasoning.phrasebook import LANGUAGES
from agents.reasoning.text import normalise_phrase
from agents.reasoning.trained_phrases import Phrase

TOO_NEAR = 0.75
"""Of all runs of three letters of two texts, the share that both have."""
_RUN = 3


def without_overlap(phrases: Sequence[Phrase], measured_with: Sequence[Phrase]) -> list[Phrase]:
    kept: list[Phrase] = []
    for language in LANGUAGES:
        ours = [phrase for phrase in phrases if phrase.language == language]
        theirs = [phrase for phrase in measured_with if phrase.language == language]
        near = _nearness(ours, theirs) >= TOO_NEAR
        kept += [phrase for phrase, is_near in zip(ours, near, strict=True) if not is_near]
    return kept


def _nearness(ours: Sequence[Phrase], theirs: Sequence[Phrase]) -> NDArray[np.float32]:
    """For each of ours how near the nearest of theirs is, from 0 to 1."""
    nearest = np.zeros(len(ours), np.float32)
    if not ours or not theirs:
        return nearest
    places: dict[str, int] = {}
    mine, others = _as_matrix(ours, places), _as_matrix(theirs, places)
    mine.resize(len(ours), len(places))
    shared = (mine @ others.T).tocoo()
    sizes, other_sizes = np.diff(mine.indptr), np.diff(others.indptr)
    either = sizes[shared.row] + other_sizes[shared.col] - shared.data
    np.maximum.at(nearest, shared.row, (shared.data / either).astype(np.float32))
    return nearest


def _as_matrix(phrases: Sequence[Phrase], places: dict[str, int]) -> csr_matrix:
    columns, ends = [], [0]
    for phrase in phrases:
        columns += [places.setdefault(run, len(places)) for run in _runs(phrase.text)]
        ends.append(len(columns))
    return csr_matrix((np.ones(len(columns), np.float32), columns, ends), (len(phrases), len(places)))


def _runs(text: str) -> frozenset[str]:
    padded = f" {normalise_phrase(text)} "
    return frozenset(padded[at : at + _RUN] for at in range(len(padded) - _RUN + 1))
