"""What the clock wakes overtakes what was kicked: workers that cannot keep up with the kicks still hear the tick."""

from contextlib import closing
from queue import Empty

import pytest
from celery import shared_task

from project import tasks
from project.celery import app
from project.kernel.due import Sweep
from project.kernel.events import kick

pytestmark = pytest.mark.django_db(transaction=True)


@shared_task(name="tests.kicked")
def kicked() -> None: ...


@shared_task(name="tests.woken_by_the_clock")
def woken_by_the_clock() -> None: ...


def names_in_queue() -> list[str]:
    names: list[str] = []
    with app.connection_for_read() as connection, closing(connection.SimpleQueue("wake", no_ack=True)) as queue:
        try:
            while True:
                names.append(queue.get(block=False).headers["task"])
        except Empty:
            return names


def test_the_tick_and_what_it_wakes_are_handed_out_before_a_crowd_of_kicks(monkeypatch: pytest.MonkeyPatch) -> None:
    names_in_queue()  # whatever other tests kicked
    monkeypatch.setattr(tasks, "registered_sweeps", lambda: (Sweep("due", lambda now: True, woken_by_the_clock),))
    for _ in range(20):
        kick(kicked)
    tasks.sweep()
    tasks.sweep.apply_async(expires=2)  # as beat does
    assert names_in_queue() == ["tests.woken_by_the_clock", "project.tasks.sweep", *["tests.kicked"] * 20]
