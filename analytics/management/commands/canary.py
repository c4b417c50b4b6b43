import time
from datetime import timedelta
from typing import Any

from django.core.management.base import CommandError, CommandParser

from analytics.models import CanaryRun
from analytics.models.canary import Stage
from analytics.services.canary import LIMIT, begin_run, close_if_finished
from analytics.services.canary_retention import forget_old_runs
from project.kernel import clock
from project.kernel.commands import OperatorCommand

STUCK = 1
LOOK_EVERY_SECONDS = 0.1


class Command(OperatorCommand):
    help = (
        "Have one test conversation now, through webhook, turn, outbox and status callback, and print when each stage "
        "was reached. Ends with exit code 1 when it did not get through."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--wait",
            type=float,
            default=LIMIT.total_seconds(),
            metavar="SECONDS",
            help=f"How long it may take; {LIMIT.total_seconds():.0f} unless said otherwise.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if self.run.missing:
            raise CommandError(f"stuck: “{self.run.missing}” was not reached", returncode=STUCK)

    def answer(self, *, wait: float, **options: Any) -> dict[str, Any]:
        now = clock.now()
        forget_old_runs(now)
        self.run = begin_run(now)
        wait_for(self.run, seconds=wait)
        return as_answer(self.run)

    def tell(self, answer: dict[str, Any]) -> str:
        lines = [f"{stage['stage']:<10} {_after(stage['seconds'])}" for stage in answer["stages"]]
        return "\n".join([*lines, *([answer["problem"]] if answer["problem"] else [])])


def wait_for(run: CanaryRun, *, seconds: float) -> None:
    """Until it got through; afterwards it is left to the sweep, which may see it get through later."""
    deadline = time.monotonic() + seconds
    while not close_if_finished(run, clock.now()) and time.monotonic() < deadline:
        time.sleep(LOOK_EVERY_SECONDS)


def as_answer(run: CanaryRun) -> dict[str, Any]:
    missing = run.missing
    return {
        "run": run.pk,
        "got_through": missing is None,
        "stuck_at": str(missing) if missing else None,
        "problem": run.problem,
        "stages": [_stage(run, stage) for stage in Stage],
    }


def _stage(run: CanaryRun, stage: Stage) -> dict[str, Any]:
    at = run.reached_at(stage)
    seconds = round((at - run.begun_at) / timedelta(seconds=1), 3) if at else None
    return {"stage": str(stage), "at": at.isoformat() if at else None, "seconds": seconds}


def _after(seconds: float | None) -> str:
    return f"{seconds:8.3f} s" if seconds is not None else "not reached"
