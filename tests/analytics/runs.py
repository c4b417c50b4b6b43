"""The canary in a test: our own doors over real HTTP, and the workers' sweepers called by hand, one kind at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from agents.primary import turns
from analytics.models import CanaryRun
from analytics.services import canary
from messaging.services import dispatch
from messaging.services.inbox import apply_one_due_event
from project.kernel import clock
from project.kernel.due import drain
from tests.messaging.hooks import running_doors

NOBODY_LISTENS = "http://127.0.0.1:9"


@contextmanager
def own_web(settings: Any) -> Iterator[None]:
    """The canary is on, and reaches the doors."""
    with running_doors() as client:
        settings.INTERNAL_URL = str(client.base_url).rstrip("/")
        settings.CANARY_SECONDS = 60
        yield


def apply_events() -> None:
    drain(apply_one_due_event, clock=clock.now)


def take_turns() -> None:
    drain(turns.take_one_due_turn, clock=clock.now)


def send_messages() -> None:
    drain(dispatch.send_one_due_message, clock=clock.now)


def work() -> None:
    """All that the workers do for one conversation."""
    for task in (apply_events, take_turns, send_messages, apply_events):
        task()


def get_through(now: datetime | None = None) -> CanaryRun:
    """A run by hand, from its message to its end."""
    run = canary.begin_run(now or clock.now())
    work()
    assert canary.close_if_finished(run, clock.now())
    return run


def a_run(ago: timedelta, **changes: Any) -> CanaryRun:
    """A run that began some time ago, as its row tells; `through=True`: it got through within a second."""
    begun = clock.now() - ago
    if changes.pop("through", False):
        instants = ("posted_at", "applied_at", "turned_at", "queued_at", "accepted_at", "delivered_at", "closed_at")
        changes = {name: begun + timedelta(seconds=1) for name in instants} | changes
    return CanaryRun.objects.create(begun_at=begun, **changes)
