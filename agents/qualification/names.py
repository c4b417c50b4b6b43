"""Where a name ends in what was typed after “my name is”, and what cannot be one. Pure."""

from __future__ import annotations

import re

_PARTICLES = frozenset("da de do dos das di del della van von der den bin ibn al el la le du of & y e and und et".split())
_JOINING = frozenset({"&", "y", "e", "and", "und", "et", "of"})
_ENDS = frozenset(
    """and und et y e i we from at with but or my our the a an is are was who because so then please thanks for to in on
    pero con desde soy somos tengo mi porque quiero necesito por favor para en del
    mas com meu sou somos tenho quero preciso porque por favor da do no na
    mais avec je nous de la du chez pour car s'il et ich wir von bei und aber mit aus
    ma con sono siamo ho vorrei per dari dan saya kami di untuk hai hain aur main
    من و في أنا وأنا من لكن هو هي और मैं है हैं से""".split()
)
_NO_NAMES = frozenset(
    """not no in on the a an is isn't it this that here there what my your his her wrong spelled written already
    none nobody nothing important private no not sure correct misspelled changed still listed
    no es eso mal está equivocado não nao errado está pas faux incorrect nicht falsch non sbagliato bukan salah
    very so just really interested looking sorry fine okay ok happy glad new still also back trying afraid going
    muy interesado interesada un una muito interessado interessada um uma cliente client kunde cliente
    très intéressé intéressée un une sehr interessiert ein eine molto interessato interessata
    ليس ما""".split()
)
LONGEST_NAME_WORDS = 5


def person_in(text: str, *, capital: bool) -> str:
    """The person's name that the text begins with; with `capital` only two or more capitalised words count."""
    words = _words(text)
    if not words or words[0].casefold() in _NO_NAMES or not _is_name(words[0]):
        return ""
    name = _capitalised(words) if words[0][0].isupper() else [] if capital else _uncased(words)
    if not name or (capital and len(name) < 2) or not all(map(_is_name, name)):
        return ""
    return " ".join(word if word[0].isupper() or word in _PARTICLES else word.capitalize() for word in name)


def company_in(text: str) -> str:
    """A company's name is capitalised, where the script has capitals."""
    words = _words(text)
    if not words or words[0].casefold() in _NO_NAMES | {"a", "an", "one"}:
        return ""
    first = words[0][0]
    if not (first.isupper() or first.isdigit() or first.lower() == first.upper()):
        return ""
    return " ".join(_capitalised(words) if first.isupper() or first.isdigit() else _uncased(words))


def product_in(text: str) -> str:
    """The few words after “I am interested in”."""
    words = _words(text)[:6]
    while words and words[0].casefold() in {"the", "a", "an", "your", "el", "la", "los", "las", "un", "una", "o", "os"}:
        words = words[1:]
    for place, word in enumerate(words):
        if place and word.casefold() in _ENDS - {"de", "da", "do", "di", "del", "for", "with", "para", "per"}:
            words = words[:place]
            break
    return " ".join(words)


def _words(text: str) -> list[str]:
    return [word for word in (word.strip("'’*_-–—") for word in text.split()) if word]


def _capitalised(words: list[str]) -> list[str]:
    """As long as words are capitalised; small words count between two of them."""
    taken: list[str] = []
    waiting: list[str] = []
    for word in words[: LONGEST_NAME_WORDS + 2]:
        if word[0].isupper() or (word[0].isdigit() and taken):
            taken += [*waiting, word]
            waiting = []
        elif word.casefold() in _PARTICLES and not (waiting or (word in _JOINING - {"&", "of"} and len(taken) == 1)):
            waiting = [word]
        else:
            break
    return taken[:LONGEST_NAME_WORDS]


def _uncased(words: list[str]) -> list[str]:
    """Typed without capitals, or in a script that has none: up to three words, up to one that goes on."""
    taken = []
    for word in words[:3]:
        if word.casefold() in _ENDS:
            break
        taken.append(word)
    return taken


def _is_name(word: str) -> bool:
    bare = re.sub(r"[.'’\-\u0900-\u0903\u093a-\u094f\u064b-\u0652]", "", word)
    return bool(bare) and (bare.isalpha() or word == "&") and len(word) <= 30
