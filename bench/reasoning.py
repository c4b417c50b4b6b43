"""The reasoning tiers, without a database. The offline half: messages a second of exact, rules and trained together, in
one process; what a worker's memory grows by when it loads them.

Each half is a function of its own that returns figures, so that one may be measured without the other.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from bench.results import Figure, result

SLOWEST_MS = 2.0
"""What a message may take on one core."""
HUGE = "Please read all of this. " * 1200
"""30,000 letters."""
_KILOBYTES = 1 if sys.platform != "darwin" else 1024
_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class _Nowhere:
    def versions(self) -> dict[str, str]:
        import numpy as np

        return {"numpy": np.__version__}


def measure(*, seconds: float = 5) -> dict[str, Any]:
    return result("reasoning", offline_figures(seconds), place=_Nowhere())


def offline_figures(seconds: float) -> Sequence[Figure]:
    before = _memory_mb()
    from agents.reasoning.evaluation import read_phrase
    from agents.reasoning.trained_phrases import Phrase, held_out_phrases

    phrases = held_out_phrases()
    read_phrase(phrases[0], _NOW)
    grown = _memory_mb() - before
    read, spent = 0, 0.0
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        started = time.process_time()
        for phrase in phrases:
            read_phrase(phrase, _NOW)
        spent += time.process_time() - started
        read += len(phrases)
    started = time.process_time()
    read_phrase(Phrase(HUGE, "unclear", "en"), _NOW)
    huge = (time.process_time() - started) * 1000
    return [
        Figure("offline messages", read / spent, "messages per second of CPU", at_least=1000 / SLOWEST_MS),
        Figure("offline message", spent / read * 1000, "ms of CPU", at_most=SLOWEST_MS),
        Figure("30,000 letters", huge, "ms of CPU", at_most=250),
        Figure("memory of the offline tiers", grown, "MB"),
    ]


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / _KILOBYTES
