"""The labelled phrases: read from YAML, written out where they have slots, varied as people vary them.

One message a line. `<name>` is one of the words listed under `words:`, `(a|b)` one of several, `[a|b]` the same or
nothing. Everything is drawn with a fixed seed, so that the same files always make the same model.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from pathlib import Path

from agents.reasoning.phrasebook import LANGUAGES, read_words

FOLDER = Path(__file__).parent / "phrases"
TRAINING = FOLDER / "training"
HELD_OUT = FOLDER / "heldout"
RECIPE = "7"
"""To be raised with every change to how phrases are written out, counted or fitted."""
MOST_OF_A_LINE = 30
"""Of a line with slots, at most so many messages: one line must not outvote a hundred real sentences."""
TRAPS = frozenset({"not_human_request", "not_opt_out", "no_wish"})
_PART = re.compile(r"[\[\]()|]|<\w+>|[^\[\]()|<>]+")
_TRIES = 4


@dataclass(frozen=True, slots=True)
class Phrase:
    """A message and what it means: an intent, or one of TRAPS (which say only what it does not mean).

    `line` is the line of the file that it was written out of. Among those held out, `is_hard` marks those that were
    sought out to be misread.
    """

    text: str
    kind: str
    language: str
    line: str = ""
    is_hard: bool = False

    def saying(self, text: str) -> Phrase:
        return replace(self, text=text)


@cache
def training_phrases() -> tuple[Phrase, ...]:
    """Of a language's constructions (`en.yaml`) and its whole sentences (`en.sentences.yaml`)."""
    paths = (path for language in LANGUAGES for path in sorted(TRAINING.glob(f"{language}.*yaml")))
    return tuple(phrase for path in paths for phrase in _written_out(path))


@cache
def held_out_phrases() -> tuple[Phrase, ...]:
    """Never trained on: messages as customers write them (`en.yaml`), and hard ones (`en.hard.yaml`)."""
    usual = (phrase for language in LANGUAGES for phrase in _written_out(HELD_OUT / f"{language}.yaml"))
    hard = (phrase for language in LANGUAGES for phrase in _written_out(HELD_OUT / f"{language}.hard.yaml"))
    return (*usual, *(replace(phrase, is_hard=True) for phrase in hard))


def digest_of_training() -> str:
    """Changes with every phrase, and by hand (RECIPE) with the code that makes a model of them.

    Also with those held out: what is like them must not have been trained on (trained_overlap.py).
    """
    digest = sha256(RECIPE.encode())
    for path in (*sorted(TRAINING.glob("*.yaml")), *sorted(HELD_OUT.glob("*.yaml"))):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _written_out(path: Path) -> Iterator[Phrase]:
    content = read_words(path)
    words = content.get("words", {})
    language = path.name.partition(".")[0]
    for kind, block in content.items():
        if kind != "words":
            for line in filter(None, (line.strip() for line in block.splitlines())):
                for text in write_out(line, words):
                    yield Phrase(text, kind, language, line)


def write_out(line: str, words: Mapping[str, Iterable[str]], *, most: int = MOST_OF_A_LINE) -> list[str]:
    """Different messages that a line stands for; the line itself when it has no slots."""
    if not any(sign in line for sign in "[](<|)"):
        return [line]
    tree = _parse(line, words)
    dice = random.Random(line)  # noqa: S311 - no secret
    found: dict[str, None] = {}
    for _ in range(most * _TRIES):
        found.setdefault(" ".join(_draw(tree, dice).split()).replace(" ,", ",").replace(" ?", "?"))
        if len(found) == most:
            break
    return [text for text in found if text]


Tree = str | tuple["Tree", ...] | list["Tree"]
"""A word, one after the other (tuple), or one of several (list)."""


def _parse(line: str, words: Mapping[str, Iterable[str]]) -> Tree:
    parts = _PART.findall(line)
    tree, rest = _alternatives(parts, 0, words)
    if rest != len(parts):
        raise ValueError(f"a bracket is closed that was never opened in {line!r}")
    return tree


def _alternatives(parts: list[str], at: int, words: Mapping[str, Iterable[str]]) -> tuple[Tree, int]:
    options: list[Tree] = []
    row: list[Tree] = []
    while at < len(parts) and parts[at] not in ")]":
        part = parts[at]
        at += 1
        if part in "([":
            inner, at = _alternatives(parts, at, words)
            if at >= len(parts):
                raise ValueError(f"a bracket is left open in {''.join(parts)!r}")
            row.append([inner, ""] if part == "[" else inner)
            at += 1
        elif part == "|":
            options.append(tuple(row))
            row = []
        elif part.startswith("<"):
            row.append(list(words[part[1:-1]]))
        else:
            row.append(part)
    return [*options, tuple(row)], at


def _draw(tree: Tree, dice: random.Random) -> str:
    if isinstance(tree, str):
        return tree
    if isinstance(tree, list):
        return _draw(dice.choice(tree), dice)
    return "".join(_draw(part, dice) for part in tree)
