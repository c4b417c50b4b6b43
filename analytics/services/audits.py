"""Running the audit: now, or when somebody at a desk asked for it."""

import time
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from analytics.audit.catalogue import all_checks
from analytics.audit.checks import Level, run_check
from analytics.audit.report import as_stored
from analytics.models import AuditRun
from crm.models import Workspace
from project.kernel.due import is_any_due
from project.kernel.events import kick
from project.kernel.scope import across_workspaces

KEPT = 50
"""Runs that stay of a workspace, and of the whole installation."""

LONGEST_RUN = timedelta(minutes=15)
"""A run that has not finished by then died; another may be asked for."""


def run_audit(*, workspace: Workspace | None, since: datetime | None, now: datetime) -> AuditRun:
    """Judge the workspace, or everything, as of `now`; only what happened from `since` on counts."""
    with across_workspaces():
        run = AuditRun.objects.create(workspace=workspace, since=since, requested_at=now, started_at=now)
        return _judge(run, now)


@transaction.atomic
def request_audit(*, workspace: Workspace, now: datetime) -> AuditRun:
    """Ask for a run of one workspace; while one is under way, that one is it."""
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)  # two hands on one button
    under_way = AuditRun.objects.filter(
        workspace=workspace, finished_at=None, requested_at__gt=now - LONGEST_RUN
    ).first()
    if under_way:
        return under_way
    run = AuditRun.objects.create(workspace=workspace, requested_at=now)
    kick(_task())
    return run


def has_requested_audits(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(AuditRun.objects.filter(started_at=None, requested_at__lte=now), by="requested_at")


def run_one_requested_audit(now: datetime) -> bool:
    """Run the oldest audit that was asked for; False when there is none."""
    with across_workspaces():
        run = _claim(now)
        if run is not None:
            _judge(run, now)
    return run is not None


def last_run(workspace: Workspace) -> AuditRun | None:
    return AuditRun.objects.filter(workspace=workspace, finished_at__isnull=False).order_by("-id").first()


def run_under_way(workspace: Workspace, now: datetime) -> AuditRun | None:
    recent = AuditRun.objects.filter(workspace=workspace, finished_at=None, requested_at__gt=now - LONGEST_RUN)
    return recent.order_by("-id").first()


@transaction.atomic
def _claim(now: datetime) -> AuditRun | None:
    run = (
        AuditRun.objects.filter(started_at=None, requested_at__lte=now)
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("requested_at")
        .first()
    )
    if run is not None:
        run.started_at = now
        run.save(update_fields=["started_at"])
    return run


def _judge(run: AuditRun, now: datetime) -> AuditRun:
    begun = time.monotonic()
    results = [run_check(check, workspace_id=run.workspace_id, since=run.since, now=now) for check in all_checks()]
    seconds = time.monotonic() - begun
    run.counts = {result.check.name: result.count for result in results}
    run.findings = {
        result.check.name: [as_stored(finding) for finding in result.examples] for result in results if result.count
    }
    run.violations = sum(result.count for result in results if result.check.level == Level.VIOLATION)
    run.seconds = round(seconds, 3)
    run.finished_at = now + timedelta(seconds=seconds)
    run.save(update_fields=["counts", "findings", "violations", "seconds", "finished_at"])
    _forget_old_runs(run)
    return run


def _forget_old_runs(run: AuditRun) -> None:
    kept = AuditRun.objects.filter(workspace=run.workspace_id).order_by("-id").values("pk")[:KEPT]
    AuditRun.objects.filter(workspace=run.workspace_id).exclude(pk__in=kept).delete()


def _task() -> Any:
    from analytics.tasks import run_audit as task

    return task
