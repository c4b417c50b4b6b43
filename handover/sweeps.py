"""The due rows of this floor."""

from project.kernel.due import Sweep, register_sweep


def register() -> None:
    from . import tasks
    from .services import ladder

    register_sweep(Sweep("ladder", ladder.has_due_steps, tasks.climb_ladders))
