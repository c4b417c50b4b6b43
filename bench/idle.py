"""What an idle system costs: CPU and transactions with no conversation and with a thousand open ones, and memory."""

from __future__ import annotations

import time
from typing import Any

import uvloop

from bench.load import Answers, call_once, signed_request
from bench.results import Figure, result
from bench.system import System, cpu_seconds, running_double, running_system

CONVERSATIONS = 1000
PRODUCT = ("supervisor", "web", "worker", "beat")


def measure(*, seconds: float = 60, conversations: int = CONVERSATIONS) -> dict[str, Any]:
    """Without a model, so without CrewAI; with the canary, as `bin/up` runs it."""
    with running_double("twilio", "--statuses", "") as twilio, running_system(CANARY_SECONDS="60") as system:
        url = system.connect_twilio(twilio)
        time.sleep(15)
        empty = _watch(system, seconds)
        uvloop.run(_write(url, conversations))
        _wait_until_quiet(system)
        full = _watch(system, seconds)
        added = full["transactions_per_minute"] - empty["transactions_per_minute"]
        cpu = full["cpu_percent_of_one_core"]["all"]
        memory = full["rss_mb"]["web + worker + beat + supervisor"]
        figures = [
            Figure("CPU of all processes", cpu, "% of one core", at_most=5),
            Figure("memory of web, worker, beat and supervisor", memory, "MB", at_most=700),
        ]
        return result(
            "idle",
            figures,
            place=system,
            open_conversations=_open_conversations(system),
            idle_with_none=empty,
            idle_with_all=full,
            transactions_per_minute_per_conversation=round(added / conversations, 4),
        )


async def _write(url: str, conversations: int) -> None:
    answers = Answers()
    for number in range(conversations):
        await call_once(url, signed_request(url, sender=f"whatsapp:+55116{number:08}"), answers)


def _watch(system: System, seconds: float) -> dict[str, Any]:
    cpu, transactions, began = _cpu(system), _transactions(system), time.monotonic()
    time.sleep(seconds)
    elapsed = time.monotonic() - began
    used = {name: round((spent - cpu.get(name, 0)) / elapsed * 100, 2) for name, spent in _cpu(system).items()}
    memory = {
        name: round(sum(process.memory_info().rss for process in processes) / 2**20)
        for name, processes in system.processes().items()
    }
    return {
        "cpu_percent_of_one_core": {**used, "all": round(sum(used.values()), 2)},
        "transactions_per_minute": round((_transactions(system) - transactions) / elapsed * 60),
        "rss_mb": {**memory, "web + worker + beat + supervisor": sum(memory.get(name, 0) for name in PRODUCT)},
    }


def _cpu(system: System) -> dict[str, float]:
    return {name: cpu_seconds(processes) for name, processes in system.processes().items()}


def _transactions(system: System) -> int:
    """Sessions report their counts with a delay of up to a second or when they become idle."""
    with system.connect() as connection:
        row = connection.execute(
            "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
        ).fetchone()
        return int(row[0]) if row else 0


def _open_conversations(system: System) -> int:
    with system.connect() as connection:
        row = connection.execute("SELECT count(*) FROM messaging_conversation WHERE status = 'open'").fetchone()
        return int(row[0]) if row else 0


def _wait_until_quiet(system: System, *, within: float = 300) -> None:
    """Every message applied, answered and sent."""
    deadline = time.monotonic() + within
    waiting = "SELECT count(*) FROM messaging_webhookevent WHERE state = 'received'"
    unsent = "SELECT count(*) FROM messaging_message WHERE status IN ('queued', 'sending')"
    turns = "SELECT count(*) FROM agents_turn WHERE state IN ('waiting', 'taken')"
    while time.monotonic() < deadline:
        with system.connect() as connection:
            rows = [connection.execute(query).fetchone() for query in (waiting, unsent, turns)]
        if all(row and row[0] == 0 for row in rows):
            break
        time.sleep(2)
    time.sleep(10)
