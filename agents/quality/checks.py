"""Plain checks of a reply: does it hang together, does it keep to what is known, is it fit to be said? Pure and cheap.

They are a smoke alarm, not a judge: each looks for what a reader would trip over, and says in words what it found.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from agents.reasoning.language import detect_language
from agents.reasoning.text import fold

LONGEST_REPLY = 1200
_NUMBER = re.compile(r"\d[\d.,:/ ]*\d|\d")
_RESIDUE = re.compile(r"\{\w+\}|\[(?:name|company|nome|nombre|insert [^\]]*)\]|<\w+>|```|\bundefined\b|\bNone\b", re.I)
_CLAIMS_TO_BE_HUMAN = re.compile(
    r"\bi(?: a|')m (?:a |really )?(?:human|real person|not a (?:bot|robot))\b"
    r"|\bsou (?:um )?humano\b|\bsoy (?:un )?humano\b"
    r"|\bje suis (?:un )?humain\b|\bich bin (?:ein )?mensch\b|\bsono (?:un )?(?:umano|essere umano)\b",
    re.I,
)
_PROMISES = re.compile(
    r"\b(?:i (?:promise|guarantee)|we guarantee|guaranteed|100 ?% (?:safe|sure)|(?:te|le|lo) (?:prometo|garantizo)"
    r"|(?:eu )?(?:prometo|garanto)|je (?:vous )?(?:promets|garantis)|ich (?:verspreche|garantiere)"
    r"|(?:le )?(?:prometto|garantisco)|saya (?:janji|jamin))\b",
    re.I,
)
_RUDE = re.compile(
    r"\b(?:idiot|stupid|shut up|damn|fuck\w*|shit|asshole|idiota|estúpid[oa]|cállate|cala a boca|merda|mierda|connard"
    r"|ta gueule|arschloch|halt die klappe|stronzo|bodoh|goblok)\b",
    re.I,
)
_MACHINE_TALK = re.compile(r"as an ai language model|my system prompt|my instructions say|i was instructed to", re.I)


@dataclass(frozen=True, slots=True)
class Spoken:
    """A reply and what it answers. `known` are all texts that may be quoted: sources, the business, the customer."""

    reply: str
    said: str
    known: tuple[str, ...]
    earlier_replies: tuple[str, ...] = ()
    quotes: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """Each from 0 to 1, empty where there is nothing to judge; `flaws` say what took points away."""

    coherence: float | None = None
    groundedness: float | None = None
    appropriateness: float | None = None
    flaws: tuple[str, ...] = ()


def judge(spoken: Spoken) -> Verdict:
    if not spoken.reply.strip():
        return Verdict()
    coherence, loose = _sum(_incoherent(spoken))
    unknown = unknown_figures(spoken.reply, spoken.known)
    appropriateness, unfit = _sum(_unfit(spoken.reply))
    flaws = [*loose, *unfit]
    if unknown:
        flaws.append(f"figures that no source holds: {', '.join(unknown[:5])}")
    return Verdict(coherence, _groundedness(spoken.reply, unknown), appropriateness, tuple(flaws))


def sentiment_trend(current: float | None, past: Sequence[float]) -> float | None:
    """How much gladder (or sorer) the customer sounds than in the turns before; None without a before."""
    if current is None or not past:
        return None
    return round(current - sum(past) / len(past), 2)


def unknown_figures(reply: str, known: Iterable[str]) -> list[str]:
    """Numbers of two digits and more, prices and dates in the reply that stand in no known text."""
    held = {_bare(number) for text in known for number in _NUMBER.findall(text)}
    joined = " ".join(held)
    figures = dict.fromkeys(number.strip(" .,:/") for number in _NUMBER.findall(reply))
    return [figure for figure in figures if len(_bare(figure)) > 1 and not _is_held(_bare(figure), held, joined)]


def _is_held(figure: str, held: set[str], joined: str) -> bool:
    return figure in held or (len(figure) > 3 and figure in joined)


def _bare(number: str) -> str:
    """“1.200,00” and “1,200” are one number: 1200."""
    whole = re.sub(r"[.,]\d{1,2}$", "", number.strip(" .,:/"))
    return re.sub(r"\D", "", whole).lstrip("0") or "0"


def _groundedness(reply: str, unknown: Sequence[str]) -> float:
    figures = [number for number in _NUMBER.findall(reply) if len(_bare(number)) > 1]
    return 1.0 if not figures else round(max(0.0, 1 - len(unknown) / len(figures)), 2)


def _incoherent(spoken: Spoken) -> Iterable[tuple[float, str]]:
    asked, answered = detect_language(spoken.said), detect_language(spoken.reply)
    if asked and answered and asked != answered and len(spoken.reply) > 40 and not spoken.quotes:
        yield 0.5, f"the customer writes {asked}, the reply is in {answered}"
    if fold(spoken.reply) in {fold(earlier) for earlier in spoken.earlier_replies}:
        yield 0.6, "the same words as an earlier reply"
    if len(spoken.reply) > LONGEST_REPLY:
        yield 0.3, f"longer than {LONGEST_REPLY} characters"


def _unfit(reply: str) -> Iterable[tuple[float, str]]:
    for pattern, points, flaw in _UNFIT:
        if found := pattern.search(reply):
            yield points, f"{flaw}: “{found[0]}”"
    letters = [letter for letter in reply if letter.isalpha()]
    if len(letters) > 20 and sum(letter.isupper() for letter in letters) > 0.7 * len(letters):
        yield 0.4, "written in capitals"
    if reply.count("!") > 3:
        yield 0.2, "many exclamation marks"


_UNFIT = (
    (_RUDE, 0.8, "rude words"),
    (_CLAIMS_TO_BE_HUMAN, 0.8, "claims to be a person"),
    (_MACHINE_TALK, 0.5, "talks about its instructions"),
    (_RESIDUE, 0.5, "left-over markup"),
    (_PROMISES, 0.4, "a promise"),
)


def _sum(found: Iterable[tuple[float, str]]) -> tuple[float, list[str]]:
    taken = list(found)
    return round(max(0.0, 1 - sum(points for points, _ in taken)), 2), [flaw for _, flaw in taken]
