"""What a customer says outright: "a person, please", "stop writing to me". It never depends on a model.

First the traps are masked ("human resources", "don't stop", "are you a human?"), then the phrases are looked for in
what is left. A word alone on a line ("STOP", "agent") counts where the same word inside a sentence would not.
"""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass

from agents.reasoning.phrasebook import phrases_alone, search_topic
from agents.reasoning.ports import Tier
from agents.reasoning.text import Text, normalise


@dataclass(frozen=True, slots=True)
class Explicit:
    """`matched` are the customer's words, normalised; `language` is that of the phrase book that knew them.

    `tier` is the one that decided, with `chance`; `perhaps` names a wish that is likely and yet not sure; `seconds`
    is what all of it took.
    """

    wants_human: bool = False
    opt_out: bool = False
    opt_in: bool = False
    matched: str = ""
    language: str | None = None
    tier: Tier | None = None
    chance: float = 1.0
    perhaps: str = ""
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class _Hit:
    words: str
    language: str
    tier: Tier


def read_explicit(text: str, *, deaf_to: Container[str] = ()) -> Explicit:
    """Of the wishes it is deaf to, it only hears what is said in a whole line."""
    opt_out = _find("opt_out", text, deaf_to)
    opt_in = None if opt_out else _find("opt_in", text, deaf_to)
    human = _find("human_request", text, deaf_to)
    first = opt_out or human or opt_in
    return Explicit(
        wants_human=human is not None,
        opt_out=opt_out is not None,
        opt_in=opt_in is not None,
        matched=first.words if first else "",
        language=first.language if first else None,
        tier=first.tier if first else None,
    )


def says_alone(kind: str, text: str) -> bool:
    """Whether a whole line of the text is one of this kind: "yes please" is a bare yes."""
    return any(_find_alone(kind, spelling) for spelling in normalise(text))


def _find(kind: str, text: str, deaf_to: Container[str]) -> _Hit | None:
    for spelling in normalise(text):
        if hit := _find_alone(kind, spelling):
            return hit
        if kind not in deaf_to and (hit := _find_within(kind, spelling)):
            return hit
    return None


def _find_alone(kind: str, text: Text) -> _Hit | None:
    """A whole line, or the last sentence of one: "I'm not interested. Stop." """
    known = phrases_alone(f"{kind}_alone")
    for line in text.lines:
        sentences = [sentence.strip(" ,") for sentence in line.split(".") if sentence.strip(" ,")]
        for candidate in {" ".join(line.replace(".", " ").replace(",", " ").split()), *sentences[-1:]}:
            bare = _without_courtesy(candidate)
            if bare in known:
                return _Hit(bare, known[bare], Tier.EXACT)
    return None


def _without_courtesy(line: str) -> str:
    """ "please stop" is "stop", "agent please" is "agent"; a line of nothing but courtesy stays as it is."""
    courtesies = phrases_alone("courtesy")
    words = line.replace(",", " ").split()
    for size in (3, 2, 1):
        if len(words) > size and " ".join(words[-size:]) in courtesies:
            words = words[:-size]
        if len(words) > size and " ".join(words[:size]) in courtesies:
            words = words[size:]
    return " ".join(words)


def _find_within(kind: str, text: Text) -> _Hit | None:
    found = search_topic(kind, text.padded)
    return _Hit(found[1], found[0], Tier.RULES) if found else None
