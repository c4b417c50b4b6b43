"""The words of the public pages: one YAML file a language."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final

import yaml

FOLDER: Final = Path(__file__).parent
SPOKEN: Final = tuple(sorted(path.stem for path in FOLDER.glob("*.yaml")))


@cache
def words_in(language: str) -> Mapping[str, str]:
    """By key; English for a language (such as “pt-BR”) that has none of its own."""
    base = language[:2].lower()
    path = FOLDER / f"{base if base in SPOKEN else 'en'}.yaml"
    texts: dict[str, str] = yaml.safe_load(path.read_text("utf-8"))
    return {"language": path.stem, **texts}


def preferred_of(header: str) -> str:
    """The first language of an `Accept-Language` that is spoken here; empty for none."""
    wanted = (part.split(";")[0].strip()[:2].lower() for part in header.split(","))
    return next((language for language in wanted if language in SPOKEN), "")
