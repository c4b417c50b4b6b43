"""Every beat entry, in one list. Beat only wakes hands: what is due, and whether it was done, is in the rows."""

import json
from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class Tick:
    name: str
    task: str
    every: timedelta
    expires: timedelta
    """A wake-up that waited longer than this in the queue is dropped: the next one does the same."""


TICKS = (
    Tick(
        name="sweep",
        task="project.tasks.sweep",
        every=timedelta(seconds=1),
        expires=timedelta(seconds=2),
    ),
)

OURS = "Written by sync_schedule from project/schedule.py."


def sync_schedule(ticks: tuple[Tick, ...] = TICKS) -> int:
    """Make django-celery-beat hold exactly these ticks, beside what operators added by hand; the count of changes."""
    from django.db import transaction
    from django_celery_beat.models import PeriodicTask, PeriodicTasks

    with transaction.atomic():
        changes = sum(_write(tick) for tick in ticks)
        gone = PeriodicTask.objects.filter(description=OURS).exclude(name__in=[tick.name for tick in ticks])
        changes += int(gone.delete()[0])
        if changes:
            PeriodicTasks.update_changed()
    return changes


def _write(tick: Tick) -> bool:
    """Whether it differed. An unchanged row is left alone, or beat would reload everything at each start."""
    from django_celery_beat.models import IntervalSchedule, PeriodicTask

    every, _ = IntervalSchedule.objects.get_or_create(
        every=int(tick.every / timedelta(milliseconds=1)) * 1000, period=IntervalSchedule.MICROSECONDS
    )
    wanted = {
        "task": tick.task,
        "interval_id": every.pk,
        "expire_seconds": int(tick.expires.total_seconds()),
        "enabled": True,
        "description": OURS,
        "args": json.dumps([]),
    }
    found = PeriodicTask.objects.filter(name=tick.name).values(*wanted).first()
    if found == wanted:
        return False
    PeriodicTask.objects.update_or_create(name=tick.name, defaults=wanted)
    return True
