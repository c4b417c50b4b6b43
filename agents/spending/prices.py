"""The price list in force: the installation's own file, else the one that comes with the project."""

from functools import cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from yaml import YAMLError

from agents.reasoning.budget import FOLDER, Price, read_prices


@cache
def prices() -> tuple[Price, ...]:
    """Read once by each process. Raises ImproperlyConfigured."""
    path = settings.MODEL_PRICES_FILE
    try:
        return read_prices((Path(path) if path else FOLDER / "prices.yaml").read_text("utf-8"))
    except (OSError, ValueError, YAMLError) as error:  # pydantic's error is a ValueError
        raise ImproperlyConfigured(f"MODEL_PRICES_FILE={path!r} cannot be used: {error}") from error


def refuse_unusable_prices() -> None:
    """At the start, not when a customer waits. The list that comes with the project needs no look."""
    if settings.MODEL_PRICES_FILE:
        prices()
