"""The words that come with Baton for a customer who waits for a person: one YAML file a language."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

FOLDER: Final = Path(__file__).parent
SPOKEN: Final = frozenset(path.stem for path in FOLDER.glob("*.yaml"))


@cache
def words_in(language: str) -> Mapping[str, str]:
    """By key; English for a language (such as “pt-BR”) that has none of its own."""
    texts: Mapping[str, str] = yaml.safe_load((FOLDER / f"{spoken(language)}.yaml").read_text("utf-8"))
    return texts


def spoken(language: str) -> str:
    """The language that is spoken with somebody who prefers `language`."""
    base = language[:2].lower()
    return base if base in SPOKEN else "en"


def in_language(text: str, language: str) -> str:
    """A text as it came, translated; one that the workspace has rewritten is theirs, and stays."""
    key = next((key for key, ours in words_in("en").items() if ours == text), None)
    return words_in(language)[key] if key else text
