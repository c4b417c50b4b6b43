"""From a webhook's arrival to the call to Twilio, on a whole running system: ten customers a second write once each."""

from __future__ import annotations

import asyncio
import json
import os
import time
import urllib.request
from typing import Any

import uvloop

from bench.load import Answers, call_once, percentile_ms, signed_request
from bench.system import System, cpu_seconds, running_double, running_system

A_SECOND = 10
SETTLE_SECONDS = 30.0


def measure(*, seconds: float = 30, model: str = "double") -> dict[str, Any]:
    """The model double answers at once, the debounce is 0. `model="none"` leaves the answers to the rules."""
    with running_double("twilio", "--callback-delay", "0.05") as twilio, running_double("model") as double:
        environment = {"OPENAI_BASE_URL": f"{double}/v1", "OPENAI_API_KEY": "bench"} if model == "double" else {}
        with running_system(**environment) as system:
            url = system.connect_twilio(twilio)
            _warm_up(url, twilio)
            return _measured(system, url, twilio, seconds)


def _measured(system: System, url: str, twilio: str, seconds: float) -> dict[str, Any]:
    senders = [f"whatsapp:+55118{number:08}" for number in range(int(seconds * A_SECOND))]
    before = {name: cpu_seconds(processes) for name, processes in system.processes().items()}
    sent, answers = uvloop.run(_write(url, senders))
    replied = _wait_for_replies(twilio, set(senders))
    after = {name: cpu_seconds(processes) for name, processes in system.processes().items()}
    waits = [replied[sender] - sent[sender] for sender in senders if sender in replied]
    return {
        "conversations": len(senders),
        "conversations_per_second": A_SECOND,
        "replied": len(waits),
        "reply_p50_ms": percentile_ms(waits, 50) if waits else None,
        "reply_p95_ms": percentile_ms(waits, 95) if waits else None,
        "reply_max_ms": percentile_ms(waits, 100) if waits else None,
        "webhook_p50_ms": answers.percentile_ms(50),
        "webhook_p99_ms": answers.percentile_ms(99),
        "webhook_statuses": dict(answers.statuses),
        "tiers": _tiers(system),
        "cpu_ms_per_conversation": {
            name: round((after[name] - before[name]) * 1000 / len(senders), 1) for name in after if name in before
        },
        "load_average": round(os.getloadavg()[0], 1),
    }


def _warm_up(url: str, twilio: str) -> None:
    """The first answer loads modules, and CrewAI where a model is configured: that is not what is measured."""
    senders = [f"whatsapp:+55117{number:08}" for number in range(20)]
    uvloop.run(_write(url, senders))
    _wait_for_replies(twilio, set(senders), within=90)


async def _write(url: str, senders: list[str]) -> tuple[dict[str, float], Answers]:
    """Open loop: the next customer does not wait until the last was answered."""
    requests = {sender: signed_request(url, sender=sender) for sender in senders}
    sent: dict[str, float] = {}
    answers, began = Answers(), time.perf_counter()
    async with asyncio.TaskGroup() as calls:
        for place, sender in enumerate(senders):
            await asyncio.sleep(max(0.0, began + place / A_SECOND - time.perf_counter()))
            sent[sender] = time.time()
            calls.create_task(call_once(url, requests[sender], answers))
    return sent, answers


def _wait_for_replies(twilio: str, senders: set[str], *, within: float = SETTLE_SECONDS) -> dict[str, float]:
    """When the double saw the first message to each customer."""
    deadline = time.monotonic() + within
    while True:
        replied = _replies(twilio)
        if senders <= replied.keys() or time.monotonic() > deadline:
            return replied
        time.sleep(0.5)


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
