"""The offline extractor: what customers say about themselves in so many words. Precise rather than eager; pure.

Each rule reads one message and yields (field, value, confidence, words). What cannot be told for sure is left out:
a wrong company on a lead costs more than a missing one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import phonenumbers

from agents.reasoning.language import detect_language
from agents.reasoning.mood import read_urgency
from agents.reasoning.ports import Level
from project.kernel.errors import WrongValues

from .fields import LONGEST_WORDS, cleaned, tidy
from .findings import Finding, Findings, Said
from .names import company_in, person_in, product_in
from .phrases import counting, industries, introducing, plain

LONGEST_READ = 4000
"""Characters of a message that are read: nobody introduces themselves on page three."""

_EMAIL = re.compile(r"(?<![\w.+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w@])")
_UNIT = (
    r"(?:\s?(?:k|mil|mila|mille|thousand|million|millones|milhões|milhoes|tausend|juta|ribu|lakhs?|crore"
    r"|हज़ार|हजार|लाख|ألف|الف|مليون)(?![\w]))?"
)
_AMOUNT = rf"\d{{1,3}}(?:[.,\s]\d{{3}})+(?:[.,]\d{{1,2}})?{_UNIT}|\d+(?:[.,]\d+)?{_UNIT}"
_SIGN = (
    r"R\$|US\$|[$€£₹]|Rp\.?|Rs\.?|USD|EUR|BRL|GBP|INR|IDR|AED|SAR|MXN|COP|ARS|CHF"
    r"|euros?|dollars?|reais|pesos|rupees?|rupiah|dólares|dolares|dollari|रुपये|रुपए|ريال|درهم|دولار"
)
_BARE = rf"\d[\d.,]{{2,8}}{_UNIT}(?!\w)"
_SIGNED = rf"(?:{_SIGN})\s?(?:{_AMOUNT})|(?:{_AMOUNT})\s?(?:{_SIGN})(?!\w)"
_YEAR = re.compile(r"(?:19|20)\d\d")

Read = tuple[str, str, float, str]


def extract_offline(said: Sequence[Said], *, region: str | None = None) -> Findings:
    """Facts from the customer's messages, the latest of each field. `region` reads numbers without a country code."""
    latest: dict[str, Finding] = {}
    for message in said:
        for finding in _read(message, region):
            known = latest.get(finding.field)
            if known is None or finding.confidence >= known.confidence - 0.25:
                latest[finding.field] = finding
    return Findings(facts=tuple(latest.values()), tags=tuple(_tags(latest)))


def _read(message: Said, region: str | None) -> Iterator[Finding]:
    text = message.text[:LONGEST_READ]
    for key, value, confidence, words in (*_phones(text, region), *(read for rule in _RULES for read in rule(text))):
        try:
            checked = cleaned(key, value)
        except WrongValues:  # it only looked like one
            continue
        if checked:
            quoted = tidy(words)[:LONGEST_WORDS]
            yield Finding(key, checked, message.message_id, quoted, confidence, "offline")


def _emails(text: str) -> Iterator[Read]:
    for found in _EMAIL.finditer(text):
        yield "email", found[0], 0.9, found[0]


def _phones(text: str, region: str | None) -> Iterator[Read]:
    matcher = phonenumbers.PhoneNumberMatcher(text, region, leniency=phonenumbers.Leniency.VALID, max_tries=20)
    for found in matcher:
        number = phonenumbers.format_number(found.number, phonenumbers.PhoneNumberFormat.E164)
        yield "phone", number, 0.85, found.raw_string


def _names(text: str) -> Iterator[Read]:
    for pattern in introducing("name"):
        for found in pattern.finditer(text):
            if name := person_in(found["value"], capital=False):
                yield "full_name", name, 0.9 if " " in name else 0.75, found[0]
    for pattern in introducing("name_capital"):
        for found in pattern.finditer(text):
            if name := person_in(found["value"], capital=True):
                yield "full_name", name, 0.7, found[0]


def _companies(text: str) -> Iterator[Read]:
    for pattern in introducing("company"):
        for found in pattern.finditer(text):
            if company := company_in(found["value"]):
                yield "company", company, 0.8, found[0]


def _sizes(text: str) -> Iterator[Read]:
    for pattern in counting("employees"):
        for found in pattern.finditer(text):
            yield "company_size", re.sub(r"\D", "", found["value"]), 0.8, found[0]


def _budgets(text: str) -> Iterator[Read]:
    word = plain("budget").pattern
    ahead = rf"{word}[^.!?\n\d]{{0,40}}?(?P<money>{_SIGNED})|{word}[^.!?\n\d]{{0,15}}?(?P<bare>{_BARE})"
    for pattern in (ahead, rf"(?P<money>{_SIGNED})[^.!?\n\d]{{0,25}}?{word}"):
        for found in re.finditer(pattern, text, re.IGNORECASE):
            money = next(filter(None, found.groupdict().values())).strip(" .,")
            if not _YEAR.fullmatch(money):
                yield "budget", money, 0.8, found[0]


def _interests(text: str) -> Iterator[Read]:
    for pattern in introducing("interest"):
        for found in pattern.finditer(text):
            if product := product_in(found["value"]):
                yield "product_interest", product, 0.6, found[0]


def _industries(text: str) -> Iterator[Read]:
    for name, pattern in industries():
        if found := pattern.search(text):
            yield "industry", name, 0.7, found[0]


def _levels(text: str) -> Iterator[Read]:
    for level in ("developer", "non_technical"):
        if found := plain(level).search(text):
            yield "technical_level", level, 0.7, found[0]


def _urgencies(text: str) -> Iterator[Read]:
    urgency = read_urgency(text, detect_language(text) or "en")
    if urgency is not Level.MEDIUM:
        yield "urgency", str(urgency), 0.6, text


_RULES: tuple[Callable[[str], Iterator[Read]], ...] = (
    _emails,
    _names,
    _companies,
    _sizes,
    _budgets,
    _interests,
    _industries,
    _levels,
    _urgencies,
)


def _tags(facts: dict[str, Finding]) -> Iterator[str]:
    """Words that a colleague may search for."""
    if industry := facts.get("industry"):
        yield industry.value.replace("_", "-")
    if (level := facts.get("technical_level")) and level.value == "developer":
        yield "developer"
    if "budget" in facts:
        yield "budget-known"
    if (urgency := facts.get("urgency")) and urgency.value == "high":
        yield "urgent"


def says_who_they_are(text: str) -> bool:
    """Whether one message alone gives a name, a company or a way to be reached: worth a look at once."""
    short = text[:LONGEST_READ]
    telling = (_emails, _names, _companies, _sizes, _budgets, _industries)
    return any(next(rule(short), None) for rule in telling)
