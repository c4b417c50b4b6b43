"""Running the audit: by command, by hand from the page, and what stays of it."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import tasks
from analytics.audit.catalogue import all_checks
from analytics.audit.checks import EXAMPLES
from analytics.models import AuditRun
from analytics.services.audits import (
    KEPT,
    LONGEST_RUN,
    has_requested_audits,
    last_run,
    request_audit,
    run_audit,
    run_one_requested_audit,
)
from messaging.models import Floor
from project.kernel import clock
from project.kernel.due import registered_sweeps
from project.kernel.scope import across_workspaces
from tests.analytics.history import NOON, History, minutes
from tests.commands import refusal, run_json


def plant(history: History, count: int = 1) -> None:
    """Parked events: one violation each."""
    for number in range(count):
        history.arrives(f"SM{number}:sent", NOON + minutes(number), state="parked")


def test_the_command_prints_every_promise_with_its_number(history: History) -> None:
    answer = run_json("audit")
    assert answer["clean"] is True
    assert answer["abandoned_handovers"] == 0
    assert [check["name"] for check in answer["checks"]] == [check.name for check in all_checks()]
    assert all(check["count"] == 0 and check["promise"].endswith(".") for check in answer["checks"])


def test_the_command_ends_with_one_when_a_promise_was_broken(history: History) -> None:
    plant(history)
    out = StringIO()
    with pytest.raises(CommandError, match="1 violations") as caught:
        call_command("audit", "--json", stdout=out)
    assert caught.value.returncode == 1
    answer = json.loads(out.getvalue())
    assert (answer["clean"], answer["violations"]) == (False, 1)
    [parked] = [check for check in answer["checks"] if check["count"]]
    assert parked["examples"][0]["workspace"] == "acme"


def test_the_command_tells_people_too(history: History) -> None:
    plant(history)
    out = StringIO()
    with pytest.raises(CommandError):
        call_command("audit", stdout=out)
    assert "1  Every event can be understood" in out.getvalue()
    assert "abandoned handovers: 0" in out.getvalue()


def test_a_note_breaks_no_promise(history: History) -> None:
    history.sends(status="in_doubt")
    answer = run_json("audit")
    assert (answer["clean"], answer["notes"]) == (True, 1)


def test_the_command_refuses_what_it_cannot_read(history: History) -> None:
    assert "there is no workspace" in refusal("audit", "--workspace", "nobody")
    for wrong in ("yesterday", "2026-13-45", "2026-11-20T99:00"):
        assert "neither a date nor an instant" in refusal("audit", "--since", wrong)


@pytest.mark.parametrize("since", ["2026-11-20T12:03", "2026-11-20T12:03Z", "2026-11-20T09:03-03:00"])
def test_only_what_happened_since_counts(history: History, since: str) -> None:
    plant(history, 5)
    with pytest.raises(CommandError, match="2 violations"):
        call_command("audit", "--since", since, stdout=StringIO())


def test_one_workspace_is_judged_by_itself(history: History) -> None:
    plant(history)
    assert run_json("audit", "--workspace", "other")["clean"] is True
    assert run_audit(workspace=history.cast.acme, since=None, now=history.now).violations == 1


def test_the_count_is_exact_and_the_examples_are_few_and_the_newest(history: History) -> None:
    plant(history, EXAMPLES + 5)
    run = run_audit(workspace=None, since=None, now=history.now)
    assert run.counts["events_parked"] == EXAMPLES + 5
    found = run.findings["events_parked"]
    assert len(found) == EXAMPLES
    assert found[0]["at"] == (NOON + minutes(EXAMPLES + 4)).isoformat()


def test_the_auditor_only_reads(history: History) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        run_audit(workspace=None, since=None, now=history.now)
    writes = [query["sql"] for query in queries if query["sql"].split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert all('"analytics_auditrun"' in sql for sql in writes)
    assert sum(query["sql"] == "SET TRANSACTION READ ONLY" for query in queries) == len(all_checks())
    Floor.objects.update(epoch=11)  # writing is possible again


def test_a_requested_audit_is_run_by_the_sweep(history: History) -> None:
    run = request_audit(workspace=history.cast.acme, now=history.now)
    assert has_requested_audits(history.now)
    assert run_one_requested_audit(history.now)
    assert not has_requested_audits(history.now)
    assert last_run(history.cast.acme) == run
    assert [sweep.task for sweep in registered_sweeps() if sweep.name == "audits"] == [tasks.run_audit]


def test_a_button_pressed_twice_asks_once_unless_the_first_run_died(history: History) -> None:
    acme = history.cast.acme
    first = request_audit(workspace=acme, now=history.now)
    assert request_audit(workspace=acme, now=history.now + minutes(1)) == first
    assert request_audit(workspace=acme, now=history.now + LONGEST_RUN + minutes(1)) != first


def test_the_task_runs_what_was_requested(history: History) -> None:
    request_audit(workspace=history.cast.acme, now=clock.now())
    assert tasks.run_audit() == 1
    assert last_run(history.cast.acme) is not None


def test_old_runs_are_forgotten(history: History) -> None:
    with across_workspaces():
        AuditRun.objects.bulk_create(
            AuditRun(requested_at=NOON - timedelta(days=day), started_at=NOON) for day in range(KEPT + 3)
        )
        run = run_audit(workspace=None, since=None, now=history.now)
        assert AuditRun.objects.filter(workspace=None).count() == KEPT
        assert AuditRun.objects.filter(pk=run.pk).exists()
