"""The price list in force: the installation's own file, else the one that comes with the project."""

from functools import cache
from pathlib import Path

from django.conf import settings

from agents.reasoning.budget import FOLDER, Price, read_prices


@cache
def prices() -> tuple[Price, ...]:
    """Read once by each process."""
    path = settings.MODEL_PRICES_FILE
    return read_prices((Path(path) if path else FOLDER / "prices.yaml").read_text("utf-8"))
