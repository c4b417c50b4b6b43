"""Training: with trained_net_fit.py, what needs scikit-learn and scipy; nothing that answers customers imports it."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, diags
from sklearn.linear_model import SGDClassifier

from agents.reasoning.phrasebook import LANGUAGES
from agents.reasoning.ports import Intent
from agents.reasoning.text import normalise
from agents.reasoning.trained import WISHES, Model
from agents.reasoning.trained_features import BUCKETS, Counts, count
from agents.reasoning.trained_net_fit import fit_net
from agents.reasoning.trained_phrases import TRAPS, Phrase, digest_of_training

Floats = NDArray[np.float32]
HEADS = (*WISHES, *(f"intent:{intent}" for intent in Intent), *(f"language:{code}" for code in LANGUAGES))
ROWS_KEPT = 60_000
"""The strongest buckets of the linear model, which hears no wishes."""
_JOINED = 0.15
_MISTYPED = 0.25
_SHORTEST_MISTYPED = 9
_EPOCHS = 8
_SEED = 7
_NEITHER = frozenset({*WISHES, "unclear", "abuse"})
_PLAIN = frozenset(map(str, Intent)) - frozenset(WISHES)
_CUT_OUT = 0.1
_NOISES = 3000
_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz    ",
    "0123456789 -",
    "абвгдежзийклмнопрстуфхцчшщыэюя   ",
    "的一是不了人我在有他这中大来上国",
)


def fit(phrases: Sequence[Phrase], *, heads: tuple[str, ...] = HEADS, seed: int = _SEED) -> Model:
    """The same phrases make the same model. WISHES are the first of the heads, and the net's."""
    varied = vary(phrases, seed=seed)
    counted = as_matrix([count(normalise(phrase.text)[-1].padded) for phrase in varied])
    rarity = _rarity(counted)
    scaled = _scale(counted, rarity)
    others = heads[len(WISHES) :]
    table, bias = np.zeros((BUCKETS, len(others)), np.float32), np.zeros(len(others), np.float32)
    for number, head in enumerate(others):
        table[:, number], bias[number] = _fit_head(head, scaled, varied)
    strongest = np.sort(np.argsort(-np.abs(table).max(axis=1, initial=0))[:ROWS_KEPT])
    return Model(
        digest=digest_of_training(),
        heads=heads,
        rarity=rarity,
        buckets=strongest.astype(np.uint32),
        weights=table[strongest].astype(np.float16),
        bias=bias,
        net=fit_net(scaled, varied, _share_of_lines(varied), seed=seed),
    )


@dataclass(frozen=True, slots=True)
class Fold:
    """The model of one round of cross-validation, which knows wishes only, and the phrases that it has not seen."""

    model: Model
    unseen: tuple[Phrase, ...]


def cross_validate(phrases: Sequence[Phrase], *, folds: int = 4) -> Iterator[Fold]:
    """Whole lines are held back, never single messages: what one line stands for is too much alike."""
    lines = sorted({phrase.line for phrase in phrases})
    random.Random(_SEED).shuffle(lines)  # noqa: S311 - no secret
    for number in range(folds):
        held_back = set(lines[number::folds])
        unseen = tuple(phrase for phrase in phrases if phrase.line in held_back)
        yield Fold(fit([phrase for phrase in phrases if phrase.line not in held_back], heads=WISHES), unseen)


def vary(phrases: Sequence[Phrase], *, seed: int) -> list[Phrase]:
    """The phrases and, of some, what people make of them: a slip of the finger, two sentences in one message.

    Beside them words out of harmless messages and letters without a sense: what is unknown must not count as a wish.
    """
    dice = random.Random(seed)  # noqa: S311 - no secret
    harmless: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in phrases:
        if phrase.kind not in _NEITHER:
            harmless[phrase.language].append(phrase)
    varied = list(phrases)
    for phrase in phrases:
        if len(phrase.text) >= _SHORTEST_MISTYPED and dice.random() < _MISTYPED:
            varied.append(phrase.saying(_mistype(phrase.text, dice)))
        if harmless[phrase.language] and dice.random() < _JOINED:
            varied.append(_join(phrase, dice.choice(harmless[phrase.language]), dice))
        if phrase.kind not in _NEITHER | TRAPS and dice.random() < _CUT_OUT:
            varied.append(_cut_out(phrase, dice))
    return varied + [_noise(dice) for _ in range(_NOISES)]


def as_matrix(counted: Sequence[Counts]) -> csr_matrix:
    ends = np.cumsum([0, *(len(each.ids) for each in counted)])
    ids = np.concatenate([each.ids for each in counted]).astype(np.int64)
    strengths = np.concatenate([each.strengths for each in counted])
    return csr_matrix((strengths, ids, ends), (len(counted), BUCKETS))


def _mistype(text: str, dice: random.Random) -> str:
    at = dice.randrange(1, len(text) - 2)
    before, letter, after, rest = text[:at], text[at], text[at + 1], text[at + 2 :]
    return dice.choice([before + after + rest, before + after + letter + rest, before + letter * 2 + after + rest])


def _join(phrase: Phrase, other: Phrase, dice: random.Random) -> Phrase:
    both = [other.text, phrase.text] if dice.random() < 0.7 else [phrase.text, other.text]
    kind = phrase.kind if phrase.kind in WISHES else "not_opt_out"
    return Phrase(dice.choice([". ", ", ", " ", "\n"]).join(both), kind, phrase.language, phrase.line)


def _cut_out(phrase: Phrase, dice: random.Random) -> Phrase:
    words = phrase.text.split()
    at = dice.randrange(len(words))
    text = " ".join(words[at : at + dice.choice([1, 1, 2])])
    return Phrase(text, "no_wish", phrase.language, text)


def _noise(dice: random.Random) -> Phrase:
    alphabet = dice.choice(_ALPHABETS)
    text = "".join(dice.choice(alphabet) for _ in range(dice.randint(0, 24)))
    return Phrase(text, "no_wish", "", text)


def _rarity(counted: csr_matrix) -> Floats:
    """The rarer, the more telling; what occurs once tells nothing."""
    seen = np.bincount(counted.indices, minlength=BUCKETS)
    weights: Floats = np.where(seen >= 2, np.log((1 + counted.shape[0]) / (1 + seen)) + 1, 0).astype(np.float32)
    return weights


def _scale(counted: csr_matrix, rarity: Floats) -> csr_matrix:
    weighed = counted @ diags(rarity)
    norms = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    norms[norms == 0] = 1
    return (diags(1 / norms) @ weighed).tocsr()


def _share_of_lines(phrases: Sequence[Phrase]) -> NDArray[np.float64]:
    """What a message weighs for a wish: a line of thirty messages as much as five or six that stand alone.

    What is plainly about something else weighs fully. There is little of it beside all that was written to mislead,
    and without it "can I book an appointment please?" asks for a person.
    """
    messages = Counter((phrase.language, phrase.line) for phrase in phrases)
    shares = np.array(
        [1.0 if phrase.kind in _PLAIN else messages[phrase.language, phrase.line] ** -0.5 for phrase in phrases]
    )
    shares /= shares.mean()
    return shares


def _fit_head(head: str, scaled: csr_matrix, phrases: Sequence[Phrase]) -> tuple[Floats, float]:
    asked = [_asked_of(head, phrase) for phrase in phrases]
    rows = np.array([number for number, answer in enumerate(asked) if answer is not None])
    answers = np.array([answer for answer in asked if answer is not None])
    if answers.all() or not answers.any():
        return np.zeros(BUCKETS, np.float32), -5.0
    learner = SGDClassifier(loss="log_loss", alpha=2e-6, max_iter=_EPOCHS, tol=None, average=True, random_state=_SEED)
    learner.fit(scaled[rows], answers)
    return learner.coef_.ravel().astype(np.float32), float(learner.intercept_[0])


def _asked_of(head: str, phrase: Phrase) -> bool | None:
    """Whether the phrase is an example of this head; None where it says nothing about it."""
    if head.startswith("language:"):
        return phrase.language == head.removeprefix("language:")
    if head.startswith("intent:"):
        intent = head.removeprefix("intent:")
        return None if phrase.kind in TRAPS and intent not in WISHES else phrase.kind == intent
    return phrase.kind == head
