"""Clocks that disagree: BATON_SKEW_SECONDS says by how much, such as `worker1=90,worker2=-90`; nobody else is named.

Only the process's own clock goes wrong, as on a machine without NTP. PostgreSQL's goes right.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from typing import Any

from tests.chaos.patching import around

VARIABLE = "BATON_SKEW_SECONDS"


def skew_seconds() -> float:
    """By how much this process is ahead. A worker is told by its node name."""
    named = [entry.split("=") for entry in os.environ.get(VARIABLE, "").split(",") if entry]
    return sum(float(seconds) for name, seconds in named if any(word.startswith(f"{name}@") for word in sys.argv))


def install() -> None:
    ahead = timedelta(seconds=skew_seconds())
    if ahead:
        around("project.kernel.clock.now", lambda now, *args: _shifted(now, ahead))


def _shifted(now: Any, ahead: timedelta) -> datetime:
    moment: datetime = now()
    return moment + ahead
