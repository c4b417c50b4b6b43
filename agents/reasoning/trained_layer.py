"""A workspace's own layer: the smallest change of the shared model that agrees with its people's corrections.

Fitted in the space of the corrections themselves (a thousand at most), not of the letters: some milliseconds for a
handful, a second or two for a thousand.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.reasoning.ports import Intent
from agents.reasoning.text import normalise
from agents.reasoning.trained import WISHES, Floats, Layer, Model
from agents.reasoning.trained_features import count

MOST_CORRECTIONS = 1000
ROWS_KEPT = 20_000
_STEPS = 60
_RATE = 0.5
_FADE = 0.01
"""How strongly the layer is drawn back to nothing: a correction must not rule over texts that are barely like it."""


def fit_layer(model: Model, lessons: Sequence[tuple[str, Intent]]) -> Layer:
    counted = [count(normalise(text)[-1].padded) for text, _ in lessons]
    buckets, places = np.unique(np.concatenate([each.ids for each in counted]), return_inverse=True)
    rows = np.split(places, np.cumsum([len(each.ids) for each in counted])[:-1])
    scaled = [model.scale(each) for each in counted]
    base = np.stack([model.score(each) for each in counted])
    pulls = _pulls(_likeness(rows, scaled, len(buckets)), base, _targets(model, lessons), _taught_heads(model))
    deltas = np.zeros((len(buckets), len(model.heads)), np.float32)
    for row, strengths, pull in zip(rows, scaled, pulls, strict=True):
        np.add.at(deltas, row, np.outer(strengths, pull))
    kept = np.sort(np.argsort(-np.abs(deltas).max(axis=1))[:ROWS_KEPT])
    return Layer(buckets[kept].astype(np.uint32), deltas[kept])


def store_layer(layer: Layer) -> bytes:
    target = io.BytesIO()
    np.savez_compressed(target, buckets=layer.buckets, deltas=layer.deltas.astype(np.float16))
    return target.getvalue()


def restore_layer(stored: bytes) -> Layer:
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        return Layer(arrays["buckets"], arrays["deltas"].astype(np.float32))


def _likeness(rows: Sequence[NDArray[Any]], scaled: Sequence[Floats], width: int) -> Floats:
    """How alike any two of the corrections are, from 0 to 1; one dense row at a time."""
    likeness = np.zeros((len(rows), len(rows)), np.float32)
    for number, (row, strengths) in enumerate(zip(rows, scaled, strict=True)):
        dense = np.zeros(width, np.float32)
        dense[row] = strengths
        likeness[number] = [float(dense[other] @ weights) for other, weights in zip(rows, scaled, strict=True)]
    return likeness


def _targets(model: Model, lessons: Sequence[tuple[str, Intent]]) -> Floats:
    wanted = np.zeros((len(lessons), len(model.heads)), np.float32)
    for number, (_, intent) in enumerate(lessons):
        wanted[number, model.heads.index(f"intent:{intent}")] = 1
        if intent in WISHES:
            wanted[number, WISHES.index(intent)] = 1
    return wanted


def _taught_heads(model: Model) -> Floats:
    """Nothing is taught about languages."""
    return np.array([not head.startswith("language:") for head in model.heads], np.float32)


def _pulls(likeness: Floats, base: Floats, wanted: Floats, taught: Floats) -> Floats:
    """How hard each correction pulls at each head: logistic regression by steps, on top of what the model says."""
    pulls = np.zeros_like(base)
    for _ in range(_STEPS):
        chances = 1 / (1 + np.exp(-np.clip(base + likeness @ pulls, -30, 30)))
        pulls += _RATE * ((wanted - chances) * taught - _FADE * pulls)
    return pulls
