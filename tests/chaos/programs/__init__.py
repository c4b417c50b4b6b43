"""Programs of their own beside the system: processes of the product that a row starts, races, and kills."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module

from project.installation import CHECKOUT
from tests.chaos.arena import Arena


def start(arena: Arena, name: str, *words: str) -> subprocess.Popen[str]:
    """`tests.chaos.programs.NAME` on the arena's installation, with the same bugs planted in it."""
    return subprocess.Popen(
        [sys.executable, "-m", f"{__name__}.{name}", *words],
        cwd=CHECKOUT,
        env=dict(arena.system.environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@contextmanager
def installation() -> Iterator[None]:
    """Within such a program: the servers of BATON_DATA, and Django ready for work."""
    from project.embedded import attach

    with attach():
        import django

        django.setup()
        import_module("project.celery")  # or its wake-up calls would go nowhere
        yield
