"""Wake-up calls. Each drains its kind of due row; a lost call costs a second, because the tick calls again."""

from celery import shared_task

from analytics.services.audits import run_one_requested_audit
from analytics.services.canary import advance_runs
from project.kernel import clock
from project.kernel.due import drain


@shared_task(name="analytics.tasks.run_audit")
def run_audit() -> int:
    return drain(run_one_requested_audit, clock=clock.now)


@shared_task(name="analytics.tasks.run_canary")
def run_canary() -> None:
    advance_runs(clock.now())
