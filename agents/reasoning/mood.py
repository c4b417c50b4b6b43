"""How a message sounds: sentiment by a small lexicon with negation, urgency by a few words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from agents.reasoning.phrasebook import vocabulary
from agents.reasoning.ports import Level
from agents.reasoning.text import normalise

_GLAD = frozenset("👍😀😃😄😊😍🥰❤🙏🎉😁🤩💯😘👏🙌☺✨")
_SORE = frozenset("👎😠😡🤬😞😢😭💔😤🤮🙄😒😔😩🖕")
_REACH = 3  # words over which "not" and "very" still count
_SHOUTED = 1.3
_ENOUGH_TO_SHOUT = 8


def read_sentiment(text: str, language: str) -> float:
    """From -1 to 1; 0 when nothing tells."""
    words = normalise(text)[-1].words[:300]
    scores = [*_word_scores(words, _spoken(language)), *_emoji_scores(text)]
    if not scores:
        return 0.0
    total = sum(scores) * (_SHOUTED if _is_shouted(text) else 1.0)
    return round(max(-1.0, min(1.0, total / (1 + 0.5 * len(scores)))), 2)


def read_urgency(text: str, language: str) -> Level:
    words = f" {' '.join(normalise(text)[-1].words)} "
    if _has_any(words, "relaxed", language):
        return Level.LOW
    return Level.HIGH if _has_any(words, "urgent", language) else Level.MEDIUM


def _spoken(language: str) -> tuple[str, ...]:
    return (language,) if vocabulary("positive", language) else ("en",)


def _has_any(words: str, kind: str, language: str) -> bool:
    return any(f" {word} " in words for spoken in _spoken(language) for word in vocabulary(kind, spoken))


def _word_scores(words: Sequence[str], languages: Iterable[str]) -> list[float]:
    scores = []
    for language in languages:
        glad, sore = vocabulary("positive", language), vocabulary("negative", language)
        for place, word in enumerate(words):
            if word in glad or word in sore:
                before = set(words[max(0, place - _REACH) : place])
                scores.append((1.0 if word in glad else -1.0) * _weight(before, language))
    return scores


def _weight(before: set[str], language: str) -> float:
    weight = 1.5 if before & vocabulary("intensifier", language) else 1.0
    # "not good" is bad, but less than "bad".
    return -0.7 * weight if before & vocabulary("negation", language) else weight


def _emoji_scores(text: str) -> list[float]:
    return [1.0 if sign in _GLAD else -1.0 for sign in text if sign in _GLAD or sign in _SORE][:5]


def _is_shouted(text: str) -> bool:
    letters = [letter for letter in text[:300] if letter.isalpha()]
    return len(letters) > _ENOUGH_TO_SHOUT and sum(letter.isupper() for letter in letters) > 0.7 * len(letters)
