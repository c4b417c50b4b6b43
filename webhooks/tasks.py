"""Wake-up calls. A lost one costs a second, because the tick calls again."""

from threading import BoundedSemaphore

from celery import shared_task

from project.kernel import clock
from project.kernel.due import drain
from project.kernel.events import wake

from .services import delivering

_seats = BoundedSemaphore(4)


@shared_task(name="webhooks.tasks.deliver_events")
def deliver_events() -> int:
    """Few at once: a receiver that hangs must leave threads for customers."""
    if not _seats.acquire(blocking=False):
        return 0
    try:
        return drain(
            delivering.deliver_one_due_event, clock=clock.now, limit=50, call_help=lambda: wake(deliver_events)
        )
    finally:
        _seats.release()


@shared_task(name="webhooks.tasks.forget_deliveries")
def forget_deliveries() -> int:
    return drain(delivering.forget_old_deliveries, clock=clock.now)
