"""One spelling for what people type in many: case, accents, elongated letters, invisible characters, punctuation."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 6000
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff\ufe00-\ufe0f\u0640]")
_COMBINING = re.compile("[\u0300-\u036f\u064b-\u065f\u0670]")
_CONTRACTION = re.compile(r"(?<=\w)['\u2018\u2019\u02bc`](?=(?:t|s|d|m|ll|re|ve)\b)")
_SENTENCE_END = re.compile("[.!?\u2026\u00a1\u00bf\u061f\u06d4\u3002\uff01\uff1f\u0964;:\n]+")
_COMMA = re.compile("[,\u060c\u3001]+")
# Marks are part of a word in Devanagari, and so is an emoji, which \w does not know.
_NOT_A_WORD = re.compile(r"[^\w\s.,\u0900-\u0dff\u2600-\u27bf\U0001f300-\U0001faff]|_")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_ARABIC = str.maketrans({"\u0649": "\u064a", "\u0629": "\u0647", "\u0671": "\u0627"})


@dataclass(frozen=True, slots=True)
class Text:
    """`padded` is the text as words between single spaces, with "." and "," as words of their own."""

    padded: str
    lines: tuple[str, ...]

    @property
    def words(self) -> list[str]:
        return [word for word in self.padded.split() if word not in {".", ","}]


def fold(text: str) -> str:
    """Case, width, accents and invisible characters taken away."""
    folded = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).casefold()
    return _COMBINING.sub("", unicodedata.normalize("NFD", folded)).translate(_ARABIC)


@lru_cache(maxsize=16)  # one message is asked about many things in a row
def normalise(text: str) -> tuple[Text, ...]:
    """One spelling, or two where letters are drawn out: "stooop" may be "stoop" or "stop", "helllo" only "hello"."""
    folded = fold(_cut(text))
    if not _RUN.search(folded):
        return (_spaced(folded),)
    return _spaced(_RUN.sub(r"\1\1", folded)), _spaced(_RUN.sub(r"\1", folded))


def normalise_phrase(phrase: str) -> str:
    """The same for a phrase of a phrase book."""
    return _words(fold(phrase)).replace(" . ", " ").strip()


def _cut(text: str) -> str:
    """Both ends of a huge text: what matters most is said first or last."""
    return text if len(text) <= LONGEST else f"{text[: LONGEST * 2 // 3]}\n{text[-LONGEST // 3 :]}"


def _spaced(folded: str) -> Text:
    lines = tuple(_words(line) for line in folded.split("\n"))
    padded = " . ".join(line for line in lines if line)
    end = "" if padded.endswith(".") else " ."
    return Text(f" {padded}{end} ", tuple(line for line in lines if line))


def _words(line: str) -> str:
    line = _CONTRACTION.sub("", line)
    line = _SENTENCE_END.sub(" . ", _COMMA.sub(" , ", line.replace("\n", " . ")))
    return " ".join(_NOT_A_WORD.sub(" ", line).split())
