"""What a crew's call costs beyond the HTTP request that it is, and the memory of the process that has CrewAI in it.

The model is a double in a process of its own: its CPU is not in these figures. `bare` sends the very same requests by
httpx and reads the JSON.
"""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil

from agents.reasoning.ports import ModelSettings, Question, Source
from bench.system import running_double

CALLS_OF_AN_ANALYSIS = 3
WARM_UP = 5
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def measure(*, analyses: int = 100, model_url: str = "") -> dict[str, Any]:
    """Milliseconds of CPU for a call, and megabytes of resident memory."""
    with _model(model_url) as url:
        empty = _memory_mb()
        began = time.perf_counter()
        analyse = _analyst(f"{url}/v1")
        for _ in range(WARM_UP):
            analyse()
        ready = time.perf_counter() - began
        bodies = _asked(url)[-CALLS_OF_AN_ANALYSIS:]
        crew = _cpu_ms(analyse, analyses) / CALLS_OF_AN_ANALYSIS
        bare = _cpu_ms(_sender(f"{url}/v1", bodies), analyses) / CALLS_OF_AN_ANALYSIS
    return {
        "crew_call_cpu_ms": round(crew, 2),
        "bare_call_cpu_ms": round(bare, 2),
        "above_bare_cpu_ms": round(crew - bare, 2),
        "ready_seconds": round(ready, 1),
        "memory_mb_without_crewai": empty,
        "memory_mb": _memory_mb(),
        "analyses": analyses,
    }


@contextmanager
def _model(url: str) -> Iterator[str]:
    if url:
        yield url.rstrip("/")
        return
    with running_double("model") as own:
        yield own.rstrip("/")


def _analyst(base_url: str) -> Callable[[], object]:
    from agents.reasoning.crew import CrewAnalyst  # the import is part of what is measured

    analyst = CrewAnalyst(ModelSettings(api_key="none", model="double", base_url=base_url))
    analyst.warm_up()
    price = Source(1, "What does Pro cost?", "Pro costs 49 dollars a month.", 1.0)
    # Without a workspace no reading is remembered: each analysis is three calls.
    question = Question(text="What does Pro cost?", now=NOON, workspace_name="Acme", sources=(price,))
    return lambda: analyst.analyse(question, budget_seconds=30)


def _asked(url: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{url}/_control/requests", timeout=30) as answer:
        return [asked["body"] for asked in json.load(answer)]


def _sender(base_url: str, bodies: list[dict[str, Any]]) -> Callable[[], object]:
    client = httpx.Client()

    def send() -> object:
        return [client.post(f"{base_url}/chat/completions", json=body).json() for body in bodies]

    send()
    return send


def _cpu_ms(work: Callable[[], object], times: int) -> float:
    began = time.process_time()
    for _ in range(times):
        work()
    return (time.process_time() - began) * 1000 / times


def _memory_mb() -> float:
    return round(psutil.Process().memory_info().rss / 1e6, 1)
