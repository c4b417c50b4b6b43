"""The reasoning tiers. Offline: messages a second of exact, rules and trained together, in one process, and what a
worker's memory grows by when it loads them. Crew: CPU of a call to a model that answers at once, above the same number
of bare HTTP calls, the crew being used again; and the memory of the worker that reasons, in a system of its own.
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from bench.ground import NotReady
from bench.results import Figure, result
from bench.system import System, running_double, running_with_model

SLOWEST_MS = 2.0
"""What a message may take on one core."""
MOST_MS_OF_A_CREW = 30.0
HUGE = "Please read all of this. " * 1200
"""30,000 letters."""
_KILOBYTES = 1 if sys.platform != "darwin" else 1024
_NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


class _Nowhere:
    def versions(self) -> dict[str, str]:
        import numpy as np

        return {"numpy": np.__version__}


def measure(*, seconds: float = 5) -> dict[str, Any]:
    figures = [*offline_figures(seconds), *crew_figures(seconds), worker_memory()]
    return result("reasoning", figures, place=_Nowhere())


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


def crew_figures(seconds: float) -> Sequence[Figure]:
    import httpx

    from agents.reasoning.crew import CrewAnalyst
    from agents.reasoning.ports import ModelSettings

    with running_double("model") as model, httpx.Client(timeout=30) as client:
        analyst = CrewAnalyst(ModelSettings(api_key="bench", model="bench", base_url=f"{model}/v1"))
        analyst.warm_up()
        crew = _cpu_ms_a_call(lambda number: _analyse(analyst, number), seconds)
        bare = _cpu_ms_a_call(lambda number: _call(client, model, number), seconds)
    return [
        Figure("crew call above a bare HTTP call", crew - bare, "ms of CPU", at_most=MOST_MS_OF_A_CREW),
        Figure("bare HTTP call", bare, "ms of CPU"),
    ]


def _analyse(analyst: Any, number: int) -> int:
    """Each question is another, or its reading would be remembered; the count of calls to the model."""
    from agents.reasoning.ports import Question

    question = Question(text=f"What does lamp number {number} cost, and when would it be here?", now=_NOW)
    return int(analyst.analyse(question, budget_seconds=30).usage.calls)


def _call(client: Any, model: str, number: int) -> int:
    message = {"role": "user", "content": f"What does lamp number {number} cost? " * 40}
    client.post(f"{model}/v1/chat/completions", json={"model": "bench", "messages": [message]}).raise_for_status()
    return 1


def _cpu_ms_a_call(work: Callable[[int], int], seconds: float) -> float:
    """`work` makes some calls and says how many."""
    work(0)
    calls, number, started, ends = 0, 1, time.process_time(), time.monotonic() + seconds
    while calls == 0 or time.monotonic() < ends:
        calls += work(number)
        number += 1
    return (time.process_time() - started) * 1000 / calls


def worker_memory() -> Figure:
    with running_with_model() as system:
        return Figure("memory of the reasoning worker", _settled_memory_mb(system), "MB")


def _settled_memory_mb(system: System) -> float:
    """Once it has warmed up: it grows no more."""
    before = 0.0
    for _ in range(20):
        time.sleep(3)
        processes = system.processes().get("reasoning", [])
        now = sum(process.memory_info().rss for process in processes) / 2**20
        if 0 < now < before + 1:
            return now
        before = now
    raise NotReady("the reasoning worker has not settled within a minute")


def _memory_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / _KILOBYTES
