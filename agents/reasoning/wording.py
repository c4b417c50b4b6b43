"""What the offline analyst says, from wording/<language>.yaml; English where a language has none."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from agents.reasoning.phrasebook import read_words

FOLDER = Path(__file__).parent / "wording"
LONGEST_NAME = 30


SPOKEN = frozenset(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def _texts(language: str) -> Mapping[str, str]:
    spoken = language if language in SPOKEN else "en"
    return read_words(FOLDER / f"{spoken}.yaml")


@cache
def _in_every_language(key: str) -> frozenset[str]:
    return frozenset(_texts(language)[key] for language in SPOKEN)


def say(key: str, *, language: str, name: str = "", workspace: str = "") -> str:
    texts = _texts(language)
    first = first_name(name)
    # replace(), not format(): a workspace or a name may hold braces.
    with_name = texts[key].replace("{name}", f" {first}" if first else "")
    return with_name.replace("{workspace}", workspace.strip() or texts["workspace_unnamed"])


def is_saying(body: str, key: str) -> bool:
    """Whether a message of ours was this one, in any language."""
    return any(text in body for text in _in_every_language(key))


def first_name(name: str) -> str:
    """Profile names are whatever people typed: only one that looks like a name is said back to its owner."""
    first = name.split()[0] if name.split() else ""
    plain = first.replace("-", "").replace("'", "")
    return first if plain.isalpha() and 1 < len(first) <= LONGEST_NAME else ""
