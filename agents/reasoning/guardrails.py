"""What a reply must hold to before it may be said. Pure: the reply, and what it may rest on.

A reply that breaks a rule is not sent: the model may mend it once, else the offline analyst answers or a person does.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from agents.reasoning.guardrails_claims import Claim, bare_numbers, read_claims, values_of
from agents.reasoning.guardrails_lexicon import find_phrase, find_phrases, has_word
from agents.reasoning.guardrails_privacy import addresses_in, echoes, links_in
from agents.reasoning.language import detect_language
from agents.reasoning.phrasebook import LANGUAGES
from agents.reasoning.text import fold, normalise

WORDS_TO_TELL_A_LANGUAGE = 8
REPEATED = 2
"""How often the same words may be said before they are no answer any more."""


class Rule(StrEnum):
    UNGROUNDED = "ungrounded"
    PROMISE = "promise"
    AUTHORITY = "authority"
    LEAKED = "leaked"
    PERSONAL = "personal"
    LINK = "link"
    LANGUAGE = "language"
    LENGTH = "length"
    IMPERSONATION = "impersonation"
    REPETITION = "repetition"


SAID = {
    Rule.UNGROUNDED: "it says {what}, which stands in none of its sources",
    Rule.PROMISE: "it promises “{what}”, which the company has not said",
    Rule.AUTHORITY: "it offers {what}, more than the agents may offer",
    Rule.LEAKED: "it gives the instructions of the agents away",
    Rule.PERSONAL: "it names {what}, which is nobody's in this conversation",
    Rule.LINK: "it links to {what}, which is none of the company's pages",
    Rule.LANGUAGE: "it is in another language ({what}) than the customer's",
    Rule.LENGTH: "it is too long for the channel ({what} characters)",
    Rule.IMPERSONATION: "it claims to be a person",
    Rule.REPETITION: "the customer has heard the same words {what} times",
}


@dataclass(frozen=True, slots=True)
class Breach:
    rule: Rule
    what: str = ""

    def __str__(self) -> str:
        return SAID[self.rule].format(what=self.what)


@dataclass(frozen=True)
class Ground:
    """What a reply may rest on. `sources` are the company's words (knowledge, products, tools, its profile, what
    colleagues wrote); `customer` the customer's own, which may be repeated and prove nothing."""

    sources: tuple[str, ...] = ()
    customer: tuple[str, ...] = ()
    known_people: tuple[str, ...] = ()
    private: tuple[str, ...] = ()
    already_said: tuple[str, ...] = ()
    canary: str = ""
    language: str = ""
    longest: int = 1500
    max_discount_percent: float = 0.0
    today: tuple[str, ...] = ()

    @cached_property
    def claims(self) -> frozenset[Claim]:
        return read_claims("\n".join(self.sources))

    @cached_property
    def numbers(self) -> frozenset[str]:
        return bare_numbers("\n".join(self.sources))

    @cached_property
    def repeated(self) -> frozenset[Claim]:
        return read_claims("\n".join((*self.customer, *self.today)))


def review(reply: str, ground: Ground) -> tuple[Breach, ...]:
    """Every rule that the reply breaks; none when it may be said."""
    checks = (
        _leaks(reply, ground),
        _impersonates(reply),
        _exceeds_authority(reply, ground),
        _ungrounded(reply, ground),
        _promises(reply, ground),
        _names_others(reply, ground),
        _links_elsewhere(reply, ground),
        _repeats(reply, ground),
        _wrong_language(reply, ground),
        _too_long(reply, ground),
    )
    return tuple(breach for found in checks for breach in found)


def _leaks(reply: str, ground: Ground) -> Iterable[Breach]:
    bare = fold(reply)
    has_canary = bool(ground.canary) and ground.canary in bare.replace(" ", "")
    if has_canary or echoes(reply, ground.private):
        yield Breach(Rule.LEAKED)


def _impersonates(reply: str) -> Iterable[Breach]:
    if found := find_phrase("claims_human", reply):
        yield Breach(Rule.IMPERSONATION, found.words)


def _exceeds_authority(reply: str, ground: Ground) -> Iterable[Breach]:
    """A discount that the company's own words name is the company's; any other has a limit."""
    if not has_word("discount", reply):
        return
    for claim in read_claims(reply) - ground.claims:
        if claim.kind == "percent" and float(claim.value) > ground.max_discount_percent:
            yield Breach(Rule.AUTHORITY, f"{claim.value} %")


def _ungrounded(reply: str, ground: Ground) -> Iterable[Breach]:
    for claim in sorted(read_claims(reply) - ground.claims):
        if not _is_supported(claim, ground, has_word("discount", reply)):
            yield Breach(Rule.UNGROUNDED, _told(claim))


def _is_supported(claim: Claim, ground: Ground, is_discount: bool) -> bool:
    if claim.kind == "percent" and is_discount:
        return True  # a question of authority, which is looked at by itself
    if claim.kind in ("date", "time", "number", "duration") and claim in ground.repeated:
        return True  # "Thursday the 5th at 10:00, then": the customer said so
    if claim.kind == "time":
        return _is_time_supported(claim, ground)
    numbers = values_of([claim])
    if claim.kind == "amount" and any(
        known.kind == "amount" and values_of([known]) == numbers for known in ground.claims
    ):
        return _has_same_currency(claim, ground)
    return claim.kind in ("amount", "duration", "number") and numbers <= _bare_numbers(ground)


def _is_time_supported(claim: Claim, ground: Ground) -> bool:
    """ "From 6" in the source is "18:00" in the reply."""
    hour, minutes = claim.value.split(":")
    bare = {str(int(hour) % 12 or 12), str(int(hour))}
    return minutes == "00" and bool(bare & ground.numbers)


def _has_same_currency(claim: Claim, ground: Ground) -> bool:
    currency = claim.value.partition(" ")[2]
    number = claim.value.partition(" ")[0]
    known = {each.value.partition(" ")[2] for each in ground.claims if each.value.partition(" ")[0] == number}
    return not currency or currency in known or "" in known


def _bare_numbers(ground: Ground) -> frozenset[str]:
    """Numbers without a currency in the sources: "price: 89, currency: EUR" in a table."""
    return values_of(claim for claim in ground.claims if claim.kind == "duration") | ground.numbers


def _told(claim: Claim) -> str:
    return f"{claim.value} %" if claim.kind == "percent" else f"{claim.kind} {claim.value}"


def _promises(reply: str, ground: Ground) -> Iterable[Breach]:
    """The company's own promises may be repeated, in any language that they were made in."""
    made = {found.words for source in ground.sources for found in find_phrases("promises", source)}
    for found in find_phrases("promises", reply):
        if not made:
            yield Breach(Rule.PROMISE, found.words)
            return


def _names_others(reply: str, ground: Ground) -> Iterable[Breach]:
    known = addresses_in("\n".join((*ground.sources, *ground.customer, *ground.known_people)))
    for address in sorted(addresses_in(reply) - known):
        yield Breach(Rule.PERSONAL, address)


def _links_elsewhere(reply: str, ground: Ground) -> Iterable[Breach]:
    known = links_in("\n".join(ground.sources))
    for link in sorted(links_in(reply)):
        if not any(link == other or other.startswith(f"{link}/") or link == other.rstrip("/") for other in known):
            yield Breach(Rule.LINK, link[:80])


def _repeats(reply: str, ground: Ground) -> Iterable[Breach]:
    same = sum(_squeezed(line) == _squeezed(reply) for line in ground.already_said)
    if same >= REPEATED:
        yield Breach(Rule.REPETITION, str(same))


def _wrong_language(reply: str, ground: Ground) -> Iterable[Breach]:
    """Only where both are told for sure: a name of a product in English is no change of language."""
    if ground.language not in LANGUAGES or len(reply.split()) < WORDS_TO_TELL_A_LANGUAGE:
        return
    seen = detect_language(reply, likely=ground.language)
    if seen and seen != ground.language and detect_language(reply) == seen:
        yield Breach(Rule.LANGUAGE, seen)


def _too_long(reply: str, ground: Ground) -> Iterable[Breach]:
    if len(reply) > ground.longest:
        yield Breach(Rule.LENGTH, str(len(reply)))


def _squeezed(text: str) -> str:
    return " ".join(normalise(text)[-1].words)


# -- what customers write ------------------------------------------------------------------------------------------


def is_in_distress(text: str) -> bool:
    """Whether somebody may want to harm themselves: rather once too often, and in any of the nine languages."""
    return find_phrase("self_harm", text) is not None


def discount_asked_for(text: str) -> float | None:
    """The percentage that a customer asks off the price; None when they ask for none."""
    if not has_word("discount", text):
        return None
    asked = [float(claim.value) for claim in read_claims(text) if claim.kind == "percent"]
    return max(asked, default=None)
