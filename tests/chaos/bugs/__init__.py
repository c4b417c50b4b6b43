"""Planted bugs: each row of the matrix must find its own. The environment names them, parted by commas."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib import import_module
from pkgutil import iter_modules

VARIABLE = "BATON_PLANTED"

Plant = Callable[[], None]
BUGS: dict[str, Plant] = {}


def bug(plant: Plant) -> Plant:
    """Registers a patch under its function's name."""
    BUGS[plant.__name__] = plant
    return plant


def known() -> dict[str, Plant]:
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return BUGS


def plant() -> None:
    names = [name for name in os.environ.get(VARIABLE, "").split(",") if name]
    for name in names:
        known()[name]()
