"""The trained tier: a net for the wishes and a linear model for the rest, read with numpy alone.

`trained.npz` is made by `manage.py train_analyst` from the phrases beside it and carries their digest. It holds plain
numbers, never pickled objects. A file that does not belong to these phrases is refused: the rules then read alone.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from agents.reasoning.phrasebook import LANGUAGES
from agents.reasoning.ports import Intent
from agents.reasoning.text import Text
from agents.reasoning.trained_features import BUCKETS, Counts, count, segments_of
from agents.reasoning.trained_net import Net
from agents.reasoning.trained_phrases import digest_of_training

logger = logging.getLogger(__name__)
MODEL_FILE = Path(__file__).with_name("trained.npz")
WISHES = (str(Intent.HUMAN_REQUEST), str(Intent.OPT_OUT), str(Intent.OPT_IN))
SURE: Mapping[str, float] = {WISHES[0]: 0.5, WISHES[1]: 0.65, WISHES[2]: 0.7}
"""Chances from which a wish is acted on; what they cost is in docs/quality.md."""
PERHAPS: Mapping[str, float] = {WISHES[0]: 0.25, WISHES[1]: 0.25, WISHES[2]: 0.7}
"""Chances from which the customer is asked, when no crew can tell."""
MOST_SEGMENTS = 16

Floats = NDArray[np.float32]


class StaleModel(Exception):
    """The model was trained from other phrases than those that are here."""


@dataclass(frozen=True)
class Model:
    """The first of `heads` are WISHES, in that order, which the net scores.

    `weights` has a row for each of `buckets` and a column for each other head; what has no row weighs nothing.
    """

    digest: str
    heads: tuple[str, ...]
    rarity: Floats
    buckets: NDArray[np.uint32]
    weights: NDArray[np.float16]
    bias: Floats
    net: Net

    @cached_property
    def _rows(self) -> NDArray[np.int32]:
        rows = np.full(BUCKETS, len(self.buckets), np.int32)
        rows[self.buckets] = np.arange(len(self.buckets), dtype=np.int32)
        return rows

    @cached_property
    def _table(self) -> Floats:
        """One more row, of nothing, for the buckets without weights."""
        return np.vstack([self.weights.astype(np.float32), np.zeros((1, len(self.bias)), np.float32)])

    @cached_property
    def intent_heads(self) -> list[int]:
        return [self.heads.index(f"intent:{intent}") for intent in Intent]

    @cached_property
    def language_heads(self) -> list[int]:
        return [self.heads.index(f"language:{code}") for code in LANGUAGES]

    def scale(self, counts: Counts) -> Floats:
        """How much each bucket of a text weighs, so that long and short texts compare."""
        strengths = counts.strengths * self.rarity[counts.ids]
        norm = float(np.sqrt(strengths @ strengths))
        scaled: Floats = strengths / norm if norm else strengths
        return scaled

    def score(self, counts: Counts) -> Floats:
        """The log-odds of every head."""
        scaled = self.scale(counts)
        others: Floats = scaled @ self._table[self._rows[counts.ids]] + self.bias
        return np.concatenate([self.net.score(counts.ids, scaled), others])

    def save(self, path: Path) -> None:
        np.savez_compressed(
            path, digest=np.array(self.digest), heads=np.array(self.heads), rarity=self.rarity.astype(np.float16),
            buckets=self.buckets, weights=self.weights, bias=self.bias, net_points=self.net.points,
            net_step=self.net.step, net_shift=self.net.shift, net_weights=self.net.weights, net_bias=self.net.bias,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the trained tier makes of a text: chances from 0 to 1."""

    wishes: Mapping[str, float]
    intent: Intent
    intent_chance: float
    language: str
    language_lead: float


@dataclass(frozen=True)
class Layer:
    """What a workspace's corrections add to the model: `deltas` has a row for each of `buckets`, sorted."""

    buckets: NDArray[np.uint32]
    deltas: Floats

    def score(self, model: Model, counts: Counts) -> Floats:
        places = np.searchsorted(self.buckets, counts.ids)
        places[places == len(self.buckets)] = 0
        known = self.buckets[places] == counts.ids
        added: Floats = model.scale(counts)[known] @ self.deltas[places[known]]
        return added


def load(path: Path = MODEL_FILE) -> Model:
    """FileNotFoundError without one, StaleModel for one of other phrases."""
    with np.load(path, allow_pickle=False) as stored:
        digest = str(stored["digest"])
        if digest != digest_of_training():
            raise StaleModel(f"{path.name} was trained from other phrases: run `manage.py train_analyst`")
        return Model(
            digest=digest,
            heads=tuple(str(head) for head in stored["heads"]),
            rarity=stored["rarity"].astype(np.float32),
            buckets=stored["buckets"],
            weights=stored["weights"],
            bias=stored["bias"],
            net=Net(
                points=stored["net_points"],
                step=stored["net_step"],
                shift=stored["net_shift"],
                weights=stored["net_weights"],
                bias=stored["net_bias"],
            ),
        )


@cache
def shipped_model() -> Model | None:
    """The model that comes with the project; None, and one line in the log, when it cannot be used."""
    try:
        return load()
    except (OSError, ValueError, KeyError, StaleModel) as error:
        logger.error("analyst.untrained", extra={"reason": f"{type(error).__name__}: {error}"})
        return None


def read_trained(model: Model, text: Text, layer: Layer | None = None) -> Verdict:
    """A wish may be said in one sentence of many, so each is looked at; the rest is judged on the whole."""
    scores, wishes = score_parts(model, text, layer)
    intents = scores[model.intent_heads]
    languages = scores[model.language_heads]
    first, second = np.argsort(-languages)[:2]
    strongest = int(np.argmax(intents))
    return Verdict(
        wishes={wish: chance_of(wishes[number]) for number, wish in enumerate(WISHES)},
        intent=tuple(Intent)[strongest],
        intent_chance=chance_of(intents[strongest]),
        language=LANGUAGES[first],
        language_lead=float(languages[first] - languages[second]),
    )


def score_parts(model: Model, text: Text, layer: Layer | None = None) -> tuple[Floats, Floats]:
    """The log-odds of every head for the whole, and those of the sentence that says most, tempered by the whole.

    Of two sentences one often takes back what the other seems to say; of twenty the rest only dilutes it.
    """
    whole = _score(model, text.padded, layer)
    parts = segments_of(text, most=MOST_SEGMENTS)
    if len(parts) < 2:
        return whole, whole
    most = np.max(np.stack([_score(model, part, layer) for part in parts]), axis=0)
    return whole, most + (whole - most) / len(parts)


def _score(model: Model, padded: str, layer: Layer | None) -> Floats:
    counts = count(padded)
    return model.score(counts) + layer.score(model, counts) if layer else model.score(counts)


def chance_of(score: float) -> float:
    return round(1 / (1 + float(np.exp(-np.clip(score, -30, 30)))), 3)
