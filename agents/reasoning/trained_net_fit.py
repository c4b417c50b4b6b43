"""Training of the net that hears the wishes: in small batches, three quarters of a minute of one core."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from agents.reasoning.trained import WISHES
from agents.reasoning.trained_features import BUCKETS
from agents.reasoning.trained_net import Floats, Net
from agents.reasoning.trained_phrases import Phrase

DIMENSIONS = 24
"""16 and 32 read within what another seed changes."""
KINDS = (*WISHES, "not_human_request", "not_opt_out")
"""What the net learns to tell. What misleads is learnt as a kind of its own, and forgotten when the net is read."""
_ROUNDS = 4
_BATCH = 256
_RATE = 0.2
_RATE_OF_WEIGHTS = 0.004
_FIRST_LENGTH = 0.03
"""Points start near nothing: what is rarely seen must not move a text by chance."""
_WORDS_DROPPED = 0.2
_DIMENSIONS_DROPPED = 0.2
_FADE = 1e-5
_COARSEST = 7
"""A point lies so many steps, at most, to either side of nothing."""
_FARTHEST = 5.0
"""In standard deviations. What lies farther is drawn back, which reads no worse and keeps the file small."""


def fit_net(scaled: csr_matrix, phrases: Sequence[Phrase], shares: NDArray[np.float64], *, seed: int) -> Net:
    """`scaled` has a row for each phrase, `shares` what each weighs."""
    answers = np.array([[phrase.kind == kind for kind in KINDS] for phrase in phrases], np.float32)
    weighed = shares.astype(np.float32)
    learner = _Learner(np.random.default_rng(seed))
    batches = [slice(start, start + _BATCH) for start in range(0, len(phrases), _BATCH)]
    left = steps = _ROUNDS * len(batches)
    for _ in range(_ROUNDS):
        order = learner.dice.permutation(len(phrases))
        mixed = scaled[order].astype(np.float32)
        for batch in batches:
            rows = order[batch]
            learner.learn(mixed[batch], answers[rows], weighed[rows], slowed=left / steps)
            left -= 1
    return learner.net(seen=np.unique(scaled.indices[scaled.data > 0]))


class _Weights:
    """Some weights and how they are moved (Adam)."""

    def __init__(self, first: Floats) -> None:
        self.values = first.astype(np.float32)
        self._mean = np.zeros_like(self.values)
        self._square = np.zeros_like(self.values)
        self._times = 0

    def move(self, pull: Floats, rate: float) -> None:
        self._times += 1
        self._mean += 0.1 * (pull - self._mean)
        self._square += 0.001 * (pull * pull - self._square)
        mean, square = self._mean / (1 - 0.9**self._times), self._square / (1 - 0.999**self._times)
        self.values -= rate * mean / (np.sqrt(square) + 1e-8)


class _Learner:
    """Points are moved by Adagrad with one number for each: most are in few batches, and then must move far."""

    def __init__(self, dice: np.random.Generator) -> None:
        self.dice = dice
        self._points = dice.standard_normal((BUCKETS, DIMENSIONS), dtype=np.float32) * np.float32(_FIRST_LENGTH)
        self._pulled = np.full(BUCKETS, 1e-8, np.float32)
        self._shift = _Weights(np.zeros(DIMENSIONS, np.float32))
        first = dice.standard_normal((DIMENSIONS, len(KINDS)), dtype=np.float32)
        self._weights = _Weights(first / np.float32(np.sqrt(DIMENSIONS)))
        self._bias = _Weights(np.full(len(KINDS), -1.5, np.float32))

    def learn(self, batch: csr_matrix, answers: Floats, shares: Floats, *, slowed: float) -> None:
        batch.data *= self._kept(batch.data.shape, _WORDS_DROPPED)
        buckets, narrow = _narrow(batch)
        inner = narrow @ self._points[buckets] + self._shift.values
        passed = (inner > 0) * self._kept(inner.shape, _DIMENSIONS_DROPPED)
        outer = inner * passed
        scores = outer @ self._weights.values + self._bias.values
        chances = 1 / (1 + np.exp(-np.clip(scores, -30, 30)))
        wrong = (chances - answers) * shares[:, None] / np.float32(len(answers))
        pull = wrong @ self._weights.values.T * passed
        rate = _RATE_OF_WEIGHTS * slowed
        self._weights.move(outer.T @ wrong + _FADE * self._weights.values, rate)
        self._bias.move(wrong.sum(axis=0), rate)
        self._shift.move(pull.sum(axis=0), rate)
        self._move_points(buckets, narrow.T @ pull, _RATE * slowed)

    def net(self, *, seen: NDArray[np.integer]) -> Net:
        """Only the wishes, and only the points that anything was learnt about."""
        step = self._points[seen].std(axis=0) * np.float32(_FARTHEST / _COARSEST)
        points = np.zeros((BUCKETS, DIMENSIONS), np.int8)
        points[seen] = np.clip(np.round(self._points[seen] / step), -_COARSEST, _COARSEST)
        wishes = slice(len(WISHES))
        return Net(points, step, self._shift.values, self._weights.values[:, wishes], self._bias.values[wishes])

    def _kept(self, shape: tuple[int, ...], dropped: float) -> Floats:
        """Nothing for what is dropped, and a little more than 1 for the rest, so that the sum stays."""
        kept: Floats = (self.dice.random(shape, dtype=np.float32) >= dropped).astype(np.float32)
        return kept / np.float32(1 - dropped)

    def _move_points(self, buckets: NDArray[np.integer], pull: Floats, rate: float) -> None:
        self._pulled[buckets] += (pull * pull).mean(axis=1)
        self._points[buckets] -= (rate / np.sqrt(self._pulled[buckets]))[:, None] * pull


def _narrow(batch: csr_matrix) -> tuple[NDArray[np.integer], csr_matrix]:
    """The buckets of a batch, and the batch with no columns but these."""
    is_there = np.zeros(BUCKETS, np.bool_)
    is_there[batch.indices] = True
    buckets = np.flatnonzero(is_there)
    places = np.empty(BUCKETS, np.int32)
    places[buckets] = np.arange(len(buckets), dtype=np.int32)
    return buckets, csr_matrix((batch.data, places[batch.indices], batch.indptr), (batch.shape[0], len(buckets)))
