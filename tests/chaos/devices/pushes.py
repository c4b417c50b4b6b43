"""A push layer that drops everything: while a file lies in the data folder, no screen is told anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tests.chaos.patching import around

DROPPING = "drop-pushes"


def install() -> None:
    around("messaging.live._push", _push_unless_dropping)


def _push_unless_dropping(push: Any, groups: list[str], news: dict[str, Any]) -> None:
    if not (Path(os.environ["BATON_DATA"]) / DROPPING).exists():
        push(groups, news)
