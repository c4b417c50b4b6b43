"""The words of a double opt-in's first e-mail, in the lead's language."""

from functools import cache
from pathlib import Path

import yaml


def opt_in_words(language: str, *, company: str, link: str) -> str:
    texts = _texts()
    text = texts.get(language[:2].lower(), texts["en"])
    return text.replace("{link}", link).replace("{company}", company)


@cache
def _texts() -> dict[str, str]:
    texts: dict[str, str] = yaml.safe_load(Path(__file__).with_suffix(".yaml").read_text("utf-8"))
    return texts
