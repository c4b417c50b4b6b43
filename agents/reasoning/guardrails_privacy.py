"""What must not travel: secrets that customers type, out of prompts; people's addresses that nobody gave, out of
replies; the words of our own prompts, out of everything."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from functools import cache

from agents.reasoning.text import fold

_SECRETS = (
    ("private key", re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S)),
    ("access token", re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]{8,}")),
    (
        "key",
        re.compile(
            r"\b(?:sk|pk|rk)[-_](?:live_|test_|proj-)?[A-Za-z0-9_-]{16,}|\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}"
            r"|\bxox[abprs]-[A-Za-z0-9-]{10,}|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.[\w-]{16,}|\bglpat-[\w-]{16,}"
        ),
    ),
    ("access token", re.compile(r"(?i)\bbearer\s+[\w.~+/-]{16,}=*")),
    (
        "password",
        re.compile(
            r"(?i)\b(?:password|passwort|kennwort|contraseña|clave|senha|mot de passe|kata sandi|passwd|pwd|pin code)"
            r"\s*(?:is|ist|es|é|est|è|adalah|:|=)\s*[^\s,;]{4,}"
        ),
    ),
)
_DIGITS = re.compile(r"(?<![\d+])(?:\d[ -]?){13,19}(?!\d)")
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w")
_PHONE = re.compile(r"(?<![\w/.])\+?\d[\d ()/.-]{7,}\d(?!\w)")
_LINK = re.compile(r"(?i)\b(?:https?://|www\.)[^\s<>\"'”’)\]]+")
_LONGEST_ECHO = 40
"""Characters of a prompt that a reply may share with it by chance."""


def redact_secrets(text: str) -> str:
    """The text with keys, tokens, passwords and card numbers taken out, each named in its place."""
    for name, pattern in _SECRETS:
        text = pattern.sub(f"[{name} removed]", text)
    return _DIGITS.sub(lambda found: "[card number removed]" if _is_card(found[0]) else found[0], text)


def _is_card(digits: str) -> bool:
    """By the check digit that every card number ends with (Luhn)."""
    numbers = [int(sign) for sign in digits if sign.isdigit()]
    doubled = [number * 2 - 9 * (number > 4) for number in numbers[-2::-2]]
    return numbers[0] in range(2, 7) and (sum(numbers[-1::-2]) + sum(doubled)) % 10 == 0


def addresses_in(text: str) -> frozenset[str]:
    """E-mail addresses and telephone numbers, each in one spelling."""
    emails = {found.casefold() for found in _EMAIL.findall(text)}
    bare = _LINK.sub(" ", text)
    phones = {re.sub(r"\D", "", found)[-9:] for found in _PHONE.findall(bare) if _may_be_phone(found)}
    return frozenset(emails | phones)


def _may_be_phone(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    is_dated = re.search(r"\d{4}-\d{2}-\d{2}", text) is not None
    return 9 <= len(digits) <= 15 and not is_dated


def links_in(text: str) -> frozenset[str]:
    return frozenset(
        re.sub(r"^https?://(www\.)?|^www\.", "", link.rstrip(".,;:!?").casefold()) for link in _LINK.findall(text)
    )


@cache
def canary_of(secret: str) -> str:
    """A word that stands in our prompts and nowhere else: a reply that holds it has given a prompt away."""
    return "ref-" + hmac.new(secret.encode(), b"prompt canary", hashlib.sha256).hexdigest()[:12]


def echoes(reply: str, private: Iterable[str]) -> bool:
    """Whether a long piece of a private text stands in the reply, however it is spaced or capitalised."""
    said = _squeezed(reply)
    return any(
        piece in said
        for text in private
        for whole in (_squeezed(text),)
        for start in range(0, max(len(whole) - _LONGEST_ECHO, 0), _LONGEST_ECHO // 2)
        if (piece := whole[start : start + _LONGEST_ECHO])
    )


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]+", "", fold(text))
