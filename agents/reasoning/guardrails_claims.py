"""What a text claims in figures: amounts, percentages, dates, times, durations and other numbers, each in one
spelling, whatever the language writes: "1.234,50 €" and "EUR 1,234.5", "3. März" and "3 March", "१०%" and "10 %".

A figure that stands in a reply and in none of its sources is a claim that nothing supports.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import NamedTuple

from babel import Locale

from agents.reasoning.guardrails_lexicon import lexicon
from agents.reasoning.phrasebook import LANGUAGES
from agents.reasoning.text import fold

_SIGNS = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY", "₹": "INR", "r$": "BRL", "us$": "USD", "rp": "IDR"}
_WORDS = {
    "EUR": ("eur", "euro", "euros"),
    "USD": ("usd", "dollar", "dollars", "dolar", "dolares", "dollari", "dolar as", "دولار"),
    "GBP": ("gbp", "pound", "pounds", "libras", "sterline", "pfund"),
    "BRL": ("brl", "reais", "real"),
    "INR": ("inr", "rs", "rupee", "rupees", "रुपये", "रुपए", "रूपये"),
    "IDR": ("idr", "rupiah", "ribu rupiah"),
    "CHF": ("chf", "franken", "francs"),
    "SAR": ("sar", "riyal", "ريال"),
    "AED": ("aed", "dirham", "درهم"),
    "MXN": ("mxn", "pesos", "peso"),
}
_CURRENCIES = {word: code for code, words in _WORDS.items() for word in words}
_NUMBER = r"\d+(?:[.,'\u00a0\u202f ]\d{3})*(?:[.,]\d+)?"
_SIGN = r"(?:us\$|r\$|rp\.?|[€$£¥₹])"
_WORD = "|".join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True))
_AMOUNT = re.compile(
    rf"(?P<sign>{_SIGN})\s?(?P<a>{_NUMBER})|(?P<b>{_NUMBER})\s?(?P<after>{_SIGN})(?!\d)"
    rf"|(?<!\w)(?P<code>{_WORD})\s(?P<c>{_NUMBER})|(?P<d>{_NUMBER})\s?(?P<word>{_WORD})(?!\w)"
)
_ISO_DATE = re.compile(r"(?<!\d)(\d{4})-(\d{1,2})-(\d{1,2})(?!\d)")
_SHORT_DATE = re.compile(r"(?<![\d/.])(\d{1,2})[/.](\d{1,2})(?:[/.](\d{2,4}))?(?![\d/]|[.,]\d)(?!\s?%)")
_CLOCK = re.compile(r"(?<![\d:])(\d{1,2})(?::|h|\.(?=\d\d\s?uhr))(\d{2})?(?!\d|:)\s?([ap])?\.?(?:m\b)?", re.IGNORECASE)
_HOUR = re.compile(r"(?<![\d:.,])(\d{1,2})\s?(am|pm|a\.m\.|p\.m\.|uhr|heures)(?!\w)")
_PLAIN = re.compile(rf"(?<![\w.,])({_NUMBER})(?![\w]|[.,]\d)")

HARMLESS = 12
"""Whole numbers up to it, with no unit, count things: "one of three options" is no claim."""


class Claim(NamedTuple):
    kind: str  # amount, percent, date, time, duration or number
    value: str


def read_claims(text: str) -> frozenset[Claim]:
    """Every figure of the text, once."""
    rest = _plain_digits(text)
    found: set[Claim] = set()
    for reader in (_take_percents, _take_amounts, _take_dates, _take_times, _take_durations, _take_numbers):
        rest = reader(rest, found)
    return frozenset(found)


def bare_numbers(text: str) -> frozenset[str]:
    """The numbers that stand alone, small ones included: "from 9 to 6", "price: 89"."""
    rest = _plain_digits(text)
    for reader in (_take_percents, _take_amounts, _take_dates, _take_times):
        rest = reader(rest, set())
    return frozenset(as_number(match[1]) for match in _PLAIN.finditer(rest))


def values_of(claims: Iterable[Claim]) -> frozenset[str]:
    """The bare numbers in them: a price list may say "89" where a reply says "€89"."""
    return frozenset(part for claim in claims for part in claim.value.split() if part[:1].isdigit())


def _plain_digits(text: str) -> str:
    """ASCII digits, small letters, no accents."""
    folded = fold(text)
    return "".join(str(unicodedata.digit(sign)) if sign.isdigit() and not sign.isascii() else sign for sign in folded)


def as_number(text: str) -> str:
    """ "1.234,50", "1,234.5" and "1 234.50" are all "1234.5"."""
    bare = re.sub(r"['\u00a0\u202f ]", "", text)
    last = max(bare.rfind(","), bare.rfind("."))
    if last >= 0:
        whole, part = bare[:last], bare[last + 1 :]
        is_grouping = len(part) == 3 and not whole.startswith("0")
        bare = re.sub(r"[.,]", "", bare) if is_grouping else f"{re.sub('[.,]', '', whole)}.{part}"
    try:
        number = Decimal(bare).normalize()
    except InvalidOperation:
        return text
    return f"{number:f}"


@cache
def _percent_pattern() -> re.Pattern[str]:
    words = "|".join(sorted(map(re.escape, lexicon("percent")), key=len, reverse=True))
    return re.compile(rf"({_NUMBER})\s?(?:[%٪]|(?:{words})(?!\w))|[%٪]({_NUMBER})")


def _take_percents(text: str, found: set[Claim]) -> str:
    def take(match: re.Match[str]) -> str:
        found.add(Claim("percent", as_number(match[1] or match[2])))
        return " "

    return _percent_pattern().sub(take, text)


def _take_amounts(text: str, found: set[Claim]) -> str:
    def take(match: re.Match[str]) -> str:
        number = match["a"] or match["b"] or match["c"] or match["d"]
        sign = (match["sign"] or match["after"] or "").rstrip(".")
        currency = _SIGNS.get(sign) or _CURRENCIES.get(match["code"] or match["word"] or "", "")
        found.add(Claim("amount", f"{as_number(number)} {currency}".strip()))
        return " "

    return _AMOUNT.sub(take, text)


@cache
def _months() -> dict[str, int]:
    names: dict[str, int] = {}
    for language in LANGUAGES:
        months = Locale(language).months
        for form in ("format", "stand-alone"):
            for number, name in months[form]["wide"].items():
                names[fold(name)] = number
    short = Locale("en").months["format"]["abbreviated"]
    return {**{fold(name): number for number, name in short.items()}, **names}


@cache
def _spelled_date() -> re.Pattern[str]:
    months = "|".join(sorted(map(re.escape, _months()), key=len, reverse=True))
    # "may" is a word of its own, so a month needs its day
    return re.compile(
        rf"(?<!\d)(?P<day>\d{{1,2}})(?:st|nd|rd|th|º|°|\.)?\s(?:de\s|of\s|di\s)?(?P<month>{months})(?!\w)"
        rf"|(?<!\w)(?P<month2>{months})\s(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?![\d:])"
    )


def _take_dates(text: str, found: set[Claim]) -> str:
    def spelled(match: re.Match[str]) -> str:
        found.add(_date(int(match["day"] or match["day2"]), _months()[match["month"] or match["month2"]]))
        return " "

    def iso(match: re.Match[str]) -> str:
        found.add(_date(int(match[3]), int(match[2])))
        return " "

    def short(match: re.Match[str]) -> str:
        day, month = int(match[1]), int(match[2])
        if not (0 < day <= 31 and 0 < month <= 31 and min(day, month) <= 12):
            return match[0]
        if match[3] is None and "/" not in match[0]:  # 4.50 may be anything
            return match[0]
        found.add(_date(day, month) if month <= 12 else _date(month, day))
        return " "

    return _SHORT_DATE.sub(short, _ISO_DATE.sub(iso, _spelled_date().sub(spelled, text)))


def _date(day: int, month: int) -> Claim:
    return Claim("date", f"{day}.{month}")


def _take_times(text: str, found: set[Claim]) -> str:
    def hour(match: re.Match[str]) -> str:
        found.add(_time(int(match[1]), 0, match[2][:1]))
        return " "

    def clock(match: re.Match[str]) -> str:
        hours, minutes = int(match[1]), int(match[2] or 0)
        if hours > 24 or minutes > 59:
            return match[0]
        found.add(_time(hours, minutes, (match[3] or "").lower()))
        return " "

    return _HOUR.sub(hour, _CLOCK.sub(clock, text))


def _time(hours: int, minutes: int, half: str) -> Claim:
    """On a clock of twelve hours: "9 am" and "9:00" are the same to whoever asks when it opens."""
    if half == "p" and hours < 12:
        hours += 12
    return Claim("time", f"{hours % 24}:{minutes:02}")


@cache
def _duration_pattern() -> re.Pattern[str]:
    words = "|".join(sorted(map(re.escape, lexicon("durations")), key=len, reverse=True))
    return re.compile(rf"(?<![\w.,])({_NUMBER})[\s-](?:\w+\s)?({words})(?!\w)")


def _take_durations(text: str, found: set[Claim]) -> str:
    def take(match: re.Match[str]) -> str:
        found.add(Claim("duration", as_number(match[1])))
        return " "

    return _duration_pattern().sub(take, text)


def _take_numbers(text: str, found: set[Claim]) -> str:
    for match in _PLAIN.finditer(text):
        number = as_number(match[1])
        is_counting = number.isdigit() and len(number) < 4 and int(number) <= HARMLESS
        if not is_counting:
            found.add(Claim("number", number))
    return text
