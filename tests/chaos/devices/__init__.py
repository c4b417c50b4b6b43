"""Test-only devices: patches that hurt nobody until the environment or the arena sets them off."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules


def install() -> None:
    """Each module here has an `install()`."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}").install()
