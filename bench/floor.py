"""Acquire and release of the floor from Python, beside pgbench with the same bare statements: messaging/floor.py's own.

Eight clients are two processes of four threads, which is how they exist in a running system: workers are processes of
threads. (Eight threads of one process measure the interpreter's lock; eight processes, a system that nobody runs.)
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean
from typing import Any

from bench.ground import Ground, NotReady, running_servers
from bench.pgbench import pgbench
from bench.results import Figure, result
from messaging import floor

LEADS = 100_000
LEASE = 45

# The statements as they stand in messaging/floor.py, with pgbench's variables where Python's values go.
ACQUIRE = floor._ACQUIRE % {
    "workspace": ":workspace", "lead": ":lead", "holder": ":holder", "priority": ":priority", "seconds": ":lease",
}  # fmt: skip
RELEASE = floor._RELEASE % (":lead", ":epoch")
SCRIPT = f"""\\set lead random(:first, :last)
\\set epoch 0
{ACQUIRE.strip()} \\aset
\\if :epoch > 0
{RELEASE};
\\endif
"""

ROWS = """
INSERT INTO crm_lead (workspace_id, name, company, email, language, timezone, is_vip, created_at)
SELECT id, 'Davi', '', '', '', '', false, now() FROM crm_workspace, generate_series(1, {leads});
INSERT INTO messaging_floor (workspace_id, lead_id, holder, epoch, changed_at)
SELECT workspace_id, id, '', 0, now() FROM crm_lead;
VACUUM ANALYZE crm_lead;
VACUUM ANALYZE messaging_floor
"""

Grant = tuple[int, int, float, float]
"""Lead, epoch, granted at, ended at."""


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    processes: int
    threads: int
    is_hot: bool
    at_least: float

    @property
    def clients(self) -> int:
        return self.processes * self.threads


CASES = (
    Case("1 client, all leads", 1, 1, is_hot=False, at_least=0.8),
    Case("8 clients, all leads", 2, 4, is_hot=False, at_least=0.5),
    Case("1 client, one hot lead", 1, 1, is_hot=True, at_least=0.8),
    Case("8 clients, one hot lead", 2, 4, is_hot=True, at_least=0.5),
)


@dataclass(frozen=True, slots=True)
class Measured:
    case: Case
    per_second: float
    limit: float
    refusals: int
    overlaps: int


def measure(*, seconds: float = 5, leads: int = LEADS) -> dict[str, Any]:
    with running_servers() as ground:
        ids = _create_leads(ground, leads)
        measured = [_measure(ground, case, ids, seconds) for case in CASES]
        figures = [
            Figure(each.case.name, each.per_second, "grants per second", each.limit, at_least=each.case.at_least)
            for each in measured
        ]
        overlaps = Figure("overlapping grants", sum(each.overlaps for each in measured), "grants", at_most=0)
        return result(
            "floor",
            [*figures, overlaps],
            place=ground,
            leads=leads,
            refusals={each.case.name: each.refusals for each in measured},
            limit_is="pgbench, prepared, as many clients: the same two statements, each its own transaction",
            eight_clients_are="2 processes of 4 threads",
        )


def _create_leads(ground: Ground, leads: int) -> range:
    ground.manage(
        "create_workspace", "--slug", "bench", "--name", "Bench", "--timezone", "UTC",
        "--owner-email", "ana@bench.test", "--owner-password", "a long bench password",
    )  # fmt: skip
    with ground.connect() as connection:
        for statement in ROWS.format(leads=leads).split(";"):
            connection.execute(statement)  # type: ignore[call-overload]
    first = ground.number("SELECT min(id) FROM crm_lead")
    return range(first, first + leads)


def _measure(ground: Ground, case: Case, leads: range, seconds: float) -> Measured:
    chosen = leads[:1] if case.is_hot else leads
    before = _limit(ground, case, chosen, seconds / 2)
    answers = _run_clients(ground, case, chosen, seconds)
    after = _limit(ground, case, chosen, seconds / 2)
    grants: list[Grant] = [tuple(grant) for answer in answers for grant in answer["grants"]]
    return Measured(
        case,
        per_second=len(grants) / seconds,
        limit=fmean([before, after]),
        refusals=sum(answer["refusals"] for answer in answers),
        overlaps=count_overlaps(grants),
    )


def _run_clients(ground: Ground, case: Case, leads: range, seconds: float) -> list[dict[str, Any]]:
    words = {
        "threads": case.threads, "workspace": _workspace(ground), "first": leads[0], "last": leads[-1],
        "seconds": seconds,
    }  # fmt: skip
    processes = [ground.start("-m", "bench.inside", "floor", json.dumps(words)) for _ in range(case.processes)]
    for process in processes:
        _expect_ready(process)
    for process in processes:
        assert process.stdin
        process.stdin.write(b"begin\n")
        process.stdin.flush()
    return [json.loads(process.communicate()[0]) for process in processes]


def _expect_ready(process: subprocess.Popen[bytes]) -> None:
    assert process.stdout
    if process.stdout.readline().strip() != b"ready":
        raise NotReady(process.communicate()[1].decode(errors="replace")[-2000:])


def _limit(ground: Ground, case: Case, leads: range, seconds: float) -> float:
    """Grants a second: a script that was refused is not counted, as each grant raises an epoch by one."""
    before = _epochs(ground)
    run = pgbench(
        ground, SCRIPT, clients=case.clients, seconds=seconds, workspace=_workspace(ground), first=leads[0],
        last=leads[-1], holder="primary", priority=2, lease=LEASE,
    )  # fmt: skip
    return (_epochs(ground) - before) / run.seconds


def _epochs(ground: Ground) -> int:
    return ground.number("SELECT sum(epoch) FROM messaging_floor")


def _workspace(ground: Ground) -> int:
    return ground.number("SELECT min(id) FROM crm_workspace")


def count_overlaps(grants: Sequence[Grant]) -> int:
    """Grants of a lead that share an epoch with the one before, or began before it had ended."""
    ordered = sorted(grants)
    return sum(
        after[0] == before[0] and (after[1] == before[1] or after[2] < before[3]) for before, after in pairwise(ordered)
    )
