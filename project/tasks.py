"""The clock's tick: wakes only the sweepers that have something due."""

import logging

from celery import shared_task

from analytics.services.heartbeat import record_tick
from project.kernel import clock
from project.kernel.due import registered_sweeps
from project.kernel.events import FIRST, wake

logger = logging.getLogger(__name__)


@shared_task(name="project.tasks.sweep")
def sweep() -> list[str]:
    """Work per tick is one indexed look per kind of due row; the names of those woken."""
    now = clock.now()
    record_tick(now)
    woken = [due.name for due in registered_sweeps() if due.is_due(now)]
    for due in registered_sweeps():
        if due.name in woken:
            wake(due.task, priority=FIRST)
    return woken
