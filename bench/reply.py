"""From a webhook's arrival to the call to Twilio, on a whole running system; each customer writes once.

The model double answers at once and the debounce is 0: what is measured is Baton. First at fixed rates, then faster
and faster until a queue grows, then for long at the highest rate that held.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

import uvloop

from bench.load import Answers, call_once, percentile_ms, signed_request
from bench.results import Figure, result
from bench.system import System, cpu_seconds, running_double, running_with_model

RATES = (1, 10, 30)
SEARCH = (6, 8, 10, 12, 15, 20, 25, 30, 40, 50)
HELD_SECONDS = 60.0
SETTLE_SECONDS = 120.0
GROWING_SECONDS = 0.5
"""A queue grows when customers of the last third wait this much longer, in the median, than those of the first."""


@dataclass(slots=True)
class Run:
    """Some seconds at one rate. `waits` are in the order in which the customers wrote; one without a reply has none."""

    rate: float
    customers: int
    waits: list[float]
    answers: Answers
    cpu_ms: dict[str, float]

    @property
    def unanswered(self) -> int:
        return self.customers - len(self.waits)

    @property
    def is_queue_growing(self) -> bool:
        third = max(1, len(self.waits) // 3)
        return self.unanswered > 0 or median(self.waits[-third:]) > median(self.waits[:third]) + GROWING_SECONDS

    def percentile(self, percent: float) -> float | None:
        return percentile_ms(self.waits, percent) if self.waits else None

    def as_json(self) -> dict[str, Any]:
        return {
            "conversations_per_second": self.rate,
            "customers": self.customers,
            "reply_p50_ms": self.percentile(50),
            "reply_p95_ms": self.percentile(95),
            "reply_p99_ms": self.percentile(99),
            "is_queue_growing": self.is_queue_growing,
            "webhook_p99_ms": self.answers.percentile_ms(99),
            "cpu_ms_per_conversation": self.cpu_ms,
        }


@dataclass(slots=True)
class Bench:
    system: System
    url: str
    twilio: str
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def run(self, rate: float, seconds: float) -> Run:
        senders = [f"whatsapp:+5511{next(self.numbers):09}" for _ in range(max(3, round(rate * seconds)))]
        before = self._cpu()
        sent, answers = uvloop.run(_write(self.url, senders, rate))
        replied = self._wait_for_replies(senders)
        spent = {name: used - before.get(name, 0.0) for name, used in self._cpu().items()}
        return Run(
            rate=rate,
            customers=len(senders),
            waits=[replied[sender] - sent[sender] for sender in senders if sender in replied],
            answers=answers,
            cpu_ms={name: round(used * 1000 / len(senders), 1) for name, used in spent.items()},
        )

    def search(self, rates: Sequence[float], seconds: float) -> list[Run]:
        """Each rate for a while, until one is too fast."""
        runs = []
        for rate in rates:
            runs.append(self.run(rate, seconds))
            if runs[-1].is_queue_growing:
                break
        return runs

    def _cpu(self) -> dict[str, float]:
        return {name: cpu_seconds(processes) for name, processes in self.system.processes().items()}

    def _wait_for_replies(self, senders: Sequence[str]) -> dict[str, float]:
        """When the double saw the first message to each customer."""
        deadline = time.monotonic() + SETTLE_SECONDS
        while True:
            replied = _replies(self.twilio)
            if all(sender in replied for sender in senders) or time.monotonic() > deadline:
                return replied
            time.sleep(0.5)


def measure(
    *, seconds: float = HELD_SECONDS, rates: Sequence[float] = RATES, search: Sequence[float] = SEARCH
) -> dict[str, Any]:
    """`seconds` is how long the highest rate has to hold; the other runs take a third of it."""
    with running_double("twilio", "--callback-delay", "0.05") as twilio, running_with_model() as system:
        bench = Bench(system, system.connect_twilio(twilio), twilio)
        bench.run(10, 2)  # the first answers load modules, and CrewAI
        fixed = [bench.run(rate, seconds / 3) for rate in rates]
        searched = bench.search(search, seconds / 3)
        return _result(bench, fixed, searched, _held(bench, searched, seconds))


def _held(bench: Bench, searched: Sequence[Run], seconds: float) -> list[Run]:
    """For long, beginning with the highest rate that held for a while, until one holds."""
    runs: list[Run] = []
    for candidate in reversed([run.rate for run in searched if not run.is_queue_growing]):
        runs.append(bench.run(candidate, seconds))
        if not runs[-1].is_queue_growing:
            break
    return runs


def _result(bench: Bench, fixed: Sequence[Run], searched: Sequence[Run], held: Sequence[Run]) -> dict[str, Any]:
    sustained = next((run.rate for run in held if not run.is_queue_growing), None)
    figures = [
        Figure(f"p{percent} at {run.rate:g} a second", run.percentile(percent), "ms", at_most=_wanted(run, percent))
        for run in sorted(fixed, key=lambda run: run.rate != 10)  # the headline first
        for percent in (95, 50, 99)
    ]
    unanswered = sum(run.unanswered for run in (*fixed, *searched, *held))
    return result(
        "reply",
        [
            *figures,
            Figure("sustained without a growing queue", sustained, "conversations per second"),
            Figure("customers without a reply", unanswered, "customers", at_most=0),
        ],
        place=bench.system,
        fixed=[run.as_json() for run in fixed],
        searched=[run.as_json() for run in searched],
        held=[run.as_json() for run in held],
        tiers=_tiers(bench.system),
    )


def _wanted(run: Run, percent: int) -> float | None:
    return 1000 if (run.rate, percent) == (10, 95) else None


async def _write(url: str, senders: Sequence[str], rate: float) -> tuple[dict[str, float], Answers]:
    """Open loop: the next customer does not wait until the last was answered."""
    requests = {sender: signed_request(url, sender=sender) for sender in senders}
    sent: dict[str, float] = {}
    answers, began = Answers(), time.perf_counter()
    async with asyncio.TaskGroup() as calls:
        for place, sender in enumerate(senders):
            await asyncio.sleep(max(0.0, began + place / rate - time.perf_counter()))
            sent[sender] = time.time()
            calls.create_task(call_once(url, requests[sender], answers))
    return sent, answers


def _replies(twilio: str) -> dict[str, float]:
    with urllib.request.urlopen(f"{twilio}/_control/messages", timeout=10) as answer:
        book = json.load(answer)
    replied: dict[str, float] = {}
    for message in book["messages"] if isinstance(book, dict) else book:
        if message["direction"] != "inbound":
            replied[message["to"]] = min(message["arrived_at"], replied.get(message["to"], float("inf")))
    return replied


def _tiers(system: System) -> dict[str, int]:
    """Who read the messages: the model or the rules."""
    with system.connect() as connection:
        rows = connection.execute(
            "SELECT facts->>'tier', count(*) FROM crm_trailentry WHERE kind = 'turn.decided' GROUP BY 1"
        ).fetchall()
    return {str(tier): int(count) for tier, count in rows}
