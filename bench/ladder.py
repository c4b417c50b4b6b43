"""A thousand rungs that fall due at once among a thousand, ten thousand, a hundred thousand open handovers.

A quarter of the due rungs is of each kind. A rung counts as climbed when its effects are committed: its words are
queued rows then, and sending them is what `dispatch` measures. One worker works, a thread more with each tick.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from bench.ground import Ground, running_servers
from bench.ladder_rows import SETTLE, VACUUM, add_handovers
from bench.results import Figure, result
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN

SIZES = (1_000, 10_000, 100_000)
DUE = 1_000
STAFF = ("bruno", "carla")
PASSWORD = "a long bench password"

FIRED_ROWS = "FROM handover_ladderstep WHERE state = 'fired' AND done_at > due_at"  # the clones' own: at due_at
FIRED = f"SELECT count(*) {FIRED_ROWS}"


@dataclass(frozen=True, slots=True)
class Measured:
    """`late` is the longest time between a rung's due moment and its being done, in seconds."""

    open: int
    tick_ms: float
    tick_statements: int
    fired: int
    threads: int
    seconds: float
    statements: int
    late: float


def measure(*, seconds: float = 0, sizes: tuple[int, ...] = SIZES, due: int = DUE) -> dict[str, Any]:
    """The work decides how long it takes; `seconds` is there because every benchmark has it."""
    with running_servers() as ground:
        _found_workspace(ground)
        measured = [_measure(ground, size, due) for size in sizes]
        smallest, largest = measured[0], measured[-1]
        figures = [
            Figure(f"time for {due} due rungs", max(each.seconds for each in measured), "s", at_most=15),
            Figure("empty tick, many against few", largest.tick_ms, "ms", limit=smallest.tick_ms, at_most=1.5),
            Figure("latest rung", max(each.late for each in measured), "s late", at_most=30),
            Figure("due rungs not fired", sum(due - each.fired for each in measured), "rungs", at_most=0),
        ]
        return result("ladder", figures, place=ground, due=due, sizes=[_told(each) for each in measured])


def _told(each: Measured) -> dict[str, Any]:
    return {
        "open_handovers": each.open,
        "empty_tick_ms": round(each.tick_ms, 2),
        "empty_tick_statements": each.tick_statements,
        "due_seconds": round(each.seconds, 2),
        "threads": each.threads,
        "rungs_per_second": round(each.fired / each.seconds, 1),
        "statements_per_rung": round(each.statements / each.fired, 1),
        "latest_rung_seconds": round(each.late, 2),
    }


def _found_workspace(ground: Ground) -> None:
    words = ("--slug", "bench", "--name", "Bench", "--timezone", "UTC")
    ground.manage("create_workspace", *words, "--owner-email", "ana@bench.test", "--owner-password", PASSWORD)
    for name in STAFF:
        words = ("--workspace", "bench", "--role", "sales", "--password", PASSWORD)
        ground.manage("add_member", "--email", f"{name}@bench.test", *words)
    twilio = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": "whatsapp:+14155238886"}
    twilio["api_base"] = "http://127.0.0.1:9"  # nobody listens, and nothing of this leaves the machine
    values = [word for name, value in twilio.items() for word in ("--set", f"{name}={value}")]
    ground.manage("create_channel", "whatsapp_twilio", "--workspace", "bench", "--name", "Sales", *values)
    with ground.connect() as connection:
        connection.execute(
            "UPDATE crm_workspace SET booking_url = 'https://calendly.com/bench/call', debounce_seconds = 0"
        )
        connection.execute("UPDATE messaging_channel SET sweep_due_at = NULL")
    _inside(ground, "handover")
    _execute(ground, *SETTLE.split(";"))


def _measure(ground: Ground, size: int, due: int) -> Measured:
    _execute(ground, *add_handovers(size - _open_handovers(ground)), VACUUM)
    tick = _inside(ground, "tick", ticks=50)
    before = ground.number(FIRED)
    climbed = _inside(ground, "ladder", due=due)
    fired = ground.number(FIRED) - before
    late = ground.number(f"SELECT 1000 * extract(epoch FROM max(done_at - due_at)) {FIRED_ROWS}") / 1000
    _execute(ground, *SETTLE.split(";"))
    return Measured(
        open=size,
        tick_ms=tick["ms"],
        tick_statements=tick["statements"],
        fired=fired,
        threads=climbed["threads"],
        seconds=climbed["seconds"],
        statements=climbed["statements"],
        late=late,
    )


def _open_handovers(ground: Ground) -> int:
    return ground.number("SELECT count(*) - 1 FROM handover_handover WHERE state IN ('waiting', 'callback')")


def _inside(ground: Ground, name: str, **words: int) -> Any:
    return json.loads(ground.run("-m", "bench.inside", name, json.dumps(words)))


def _execute(ground: Ground, *statements: str) -> None:
    with ground.connect() as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]
