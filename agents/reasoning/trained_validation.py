"""How well constructions that were never seen are read, at which threshold: cross-validation by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.reasoning.text import normalise
from agents.reasoning.trained import WISHES, chance_of, score_parts
from agents.reasoning.trained_fit import cross_validate
from agents.reasoning.trained_phrases import Phrase

THRESHOLDS = (0.25, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """The rules are left out: they were written with these phrases in sight."""

    kind: str
    threshold: float
    precision: float
    recall: float


@dataclass(frozen=True, slots=True)
class _Judged:
    kind: str
    share: float
    chances: dict[str, float]


def cross_score(phrases: Sequence[Phrase], *, folds: int = 5) -> list[AtThreshold]:
    """Every line counts once, however many messages it is written out to."""
    judged = list(_judge(phrases, folds))
    return [_at(wish, threshold, judged) for wish in WISHES for threshold in THRESHOLDS]


def _judge(phrases: Sequence[Phrase], folds: int) -> Iterator[_Judged]:
    messages = Counter((phrase.language, phrase.line) for phrase in phrases)
    for fold in cross_validate(phrases, folds=folds):
        for phrase in fold.unseen:
            best = score_parts(fold.model, normalise(phrase.text)[-1])[1]
            chances = {wish: chance_of(best[number]) for number, wish in enumerate(WISHES)}
            yield _Judged(phrase.kind, 1 / messages[phrase.language, phrase.line], chances)


def _at(wish: str, threshold: float, judged: Sequence[_Judged]) -> AtThreshold:
    meant = sum(each.share for each in judged if each.kind == wish)
    read = sum(each.share for each in judged if each.chances[wish] >= threshold)
    both = sum(each.share for each in judged if each.kind == wish and each.chances[wish] >= threshold)
    return AtThreshold(
        wish, threshold, round(both / read, 3) if read else 0.0, round(both / meant, 3) if meant else 0.0
    )
