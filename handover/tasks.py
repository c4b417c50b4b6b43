"""Wake-up calls. Each drains its kind of due row; a lost call costs a second, because the tick calls again."""

from celery import shared_task

from handover.services import ladder
from project.kernel import clock
from project.kernel.due import drain


@shared_task(name="handover.tasks.climb_ladders")
def climb_ladders() -> int:
    return drain(ladder.climb_one_due_step, clock=clock.now)
