"""What holds after any request whatsoever."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from analytics.services.audits import run_audit
from messaging.models import WebhookEvent
from project.kernel.due import drain
from tests.journeys.world import SWEEPERS

TRACES_OF_CODE = (
    "Traceback (most recent",
    'File "/',
    ".py",
    "psycopg",
    "DoesNotExist",
    "Exception",
    "SELECT ",
    "django.",
)
"""What an answer holds only when something inside was let out."""

NOTES = {"late_steps", "events_parked"}
"""Time jumps in these tests, and what makes no sense is parked: neither breaks a promise."""


def assert_nothing_leaks(answer: str, *, secrets: Iterable[str] = (), asked: str = "") -> None:
    """Neither a piece of the code nor a secret, unless the caller wrote it and is only quoted."""
    let_out = [trace for trace in (*TRACES_OF_CODE, *secrets) if trace in answer and trace not in asked]
    assert not let_out, f"{let_out} in {answer[:500]}"


def settle_everything(now: datetime) -> None:
    """All sweepers until nothing is due, and again after every pause that a failed attempt takes."""
    for pause in (0, 3, 10, 40, 150, 600):
        moment = now + timedelta(seconds=pause)
        while sum(drain(sweeper, clock=lambda moment=moment: moment) for sweeper in SWEEPERS):  # type: ignore[misc]
            pass


def assert_all_is_sound(now: datetime) -> None:
    """No event is stuck, and no promise is broken."""
    settle_everything(now)
    stuck = list(
        WebhookEvent.objects.filter(state="received").values_list("source", "attempts_made", "due_at", "error")
    )
    assert not stuck, stuck
    run = run_audit(workspace=None, since=None, now=now + timedelta(seconds=601))
    assert {name: found for name, found in run.findings.items() if name not in NOTES} == {}
