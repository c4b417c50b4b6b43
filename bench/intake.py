"""Signed webhooks a second through the doors, each durable before its answer, beside what PostgreSQL itself takes in.

The web process is started by the supervisor's own command line, alone: a worker that applied the events meanwhile
would compete for the cores, as the load generator does already. Its wake-up calls go to Redis as ever.
"""

from __future__ import annotations

from statistics import fmean
from typing import Any

from bench.load import Answers, call_repeatedly, signed_request
from bench.pgbench import pgbench
from bench.results import Figure, result
from bench.system import System, cpu_seconds, running_double, running_system

SENDERS = 1000
CONNECTIONS = 32
PROBE_CLIENTS = 16
WARM_UP = 500
AHEAD = 8000
"""Requests prepared for each second: more than any machine so far answered."""

EMPTY_PROBE = (
    "DROP TABLE IF EXISTS probe_key, probe_event",
    "CREATE TABLE probe_key (LIKE messaging_eventkey INCLUDING ALL)",
    "CREATE TABLE probe_event (LIKE messaging_webhookevent INCLUDING ALL)",
)
PROBE = """\\set n random(1, 9000000000000000000)
BEGIN;
INSERT INTO probe_key (source, source_id, key, received_at)
VALUES ('whatsapp_twilio', 1, 'SM' || lpad(:n::text, 32, '0'), clock_timestamp());
INSERT INTO probe_event (workspace_id, source, source_id, kind, key, order_key, query, headers, body, received_at,
    state, due_at, attempts_made, error)
VALUES (1, 'whatsapp_twilio', 1, 'inbound', 'SM' || lpad(:n::text, 32, '0'), 'whatsapp:+5511' || :n::bigint % 1000, '',
    '{"content-type": "application/x-www-form-urlencoded", "user-agent": "TwilioProxy/1.1"}'::jsonb,
    repeat('x', :size)::bytea, clock_timestamp(), 'received', clock_timestamp(), 0, '');
COMMIT;
"""


def measure(*, seconds: float = 8, connections: int = CONNECTIONS) -> dict[str, Any]:
    with running_double("twilio") as twilio, running_system(web_only=True) as system:
        url = system.connect_twilio(twilio)
        requests = [
            signed_request(url, sender=f"whatsapp:+55119{number % SENDERS:08}")
            for number in range(WARM_UP + int(seconds * AHEAD))
        ]
        call_repeatedly(url, requests[:WARM_UP], connections=connections, seconds=5)
        warm = _stored(system)
        before = _limit(system, requests[0], seconds / 2)
        spent = cpu_seconds(system.processes()["web"])
        answers = call_repeatedly(url, requests[WARM_UP:], connections=connections, seconds=seconds)
        spent = cpu_seconds(system.processes()["web"]) - spent
        after = _limit(system, requests[0], seconds / 2)
        lost = answers.accepted - (_stored(system) - warm)
        return _result(system, answers, [before, after], lost=lost, connections=connections, web_seconds=spent)


def _result(
    system: System, answers: Answers, limits: list[float], *, lost: int, connections: int, web_seconds: float
) -> dict[str, Any]:
    rate = len(answers.seconds) / answers.elapsed
    figures = [
        Figure("webhooks", rate, "per second", limit=fmean(limits), at_least=0.30),
        Figure("answer p99", answers.percentile_ms(99), "ms", at_most=50),
        Figure("answered 2xx and not stored", lost, "webhooks", at_most=0),
    ]
    return result(
        "intake",
        figures,
        place=system,
        ambition={"at_least": 0.40},
        connections=connections,
        answer_p50_ms=answers.percentile_ms(50),
        statuses=dict(answers.statuses),
        web_cpu_ms_per_webhook=round(web_seconds * 1000 / len(answers.seconds), 3),
        limit_is=f"pgbench, prepared, {PROBE_CLIENTS} clients: both rows in one transaction",
        limits_before_and_after=[round(limit) for limit in limits],
    )


def _stored(system: System) -> int:
    return system.number("SELECT count(*) FROM messaging_webhookevent")


def _limit(system: System, request: bytes, seconds: float) -> float:
    """Into tables that are made like ours: the same columns, indexes and checks."""
    with system.connect() as connection:
        for statement in EMPTY_PROBE:
            connection.execute(statement)  # type: ignore[call-overload]
    size = len(request.partition(b"\r\n\r\n")[2])
    return pgbench(system, PROBE, clients=PROBE_CLIENTS, seconds=seconds, size=size).per_second
