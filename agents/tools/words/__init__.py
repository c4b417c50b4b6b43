"""What customers say to a tool, and what they hear of it: one YAML file a language, English where there is none."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from agents.reasoning.phrasebook import LANGUAGES, compile_phrases, read_words
from agents.reasoning.text import normalise, normalise_phrase

FOLDER = Path(__file__).parent


@cache
def _book(language: str) -> Mapping[str, Any]:
    return read_words(FOLDER / f"{language if language in LANGUAGES else 'en'}.yaml")


@cache
def _pattern(kind: str, language: str) -> re.Pattern[str]:
    return compile_phrases(_book(language)[kind], {})


def mentions(kind: str, text: str, language: str) -> bool:
    """Whether the customer's words are of this kind, in their language or in English."""
    spellings = normalise(text)
    return any(_pattern(kind, code).search(each.padded) for code in (language, "en") for each in spellings)


def agrees(text: str, language: str) -> bool:
    """A plain yes and nothing else."""
    said = " ".join(normalise(text)[-1].words)
    return any(said == normalise_phrase(str(word)) for code in (language, "en") for word in _book(code)["yes"])


def say(key: str, language: str, **slots: str) -> str:
    """replace(), not format(): a product's name may hold braces."""
    text = str(_book(language)[key])
    for name, value in slots.items():
        text = text.replace(f"{{{name}}}", value)
    return re.sub(r"[ \t]{2,}", " ", text).strip()


def is_saying(body: str, key: str) -> bool:
    """Whether words of ours were this sentence, in any language, whatever stood in its slots."""
    return any(_shape(key, language).search(body) for language in LANGUAGES)


@cache
def _shape(key: str, language: str) -> re.Pattern[str]:
    parts = re.split(r"\{\w+\}", str(_book(language)[key]))
    return re.compile(".*".join(re.escape(part.strip()) for part in parts), re.DOTALL)
