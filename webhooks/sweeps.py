"""The due rows of this floor."""

from project.kernel.due import Sweep, register_sweep


def register() -> None:
    from . import tasks
    from .services import delivering

    register_sweep(Sweep("webhook deliveries", delivering.has_due_deliveries, tasks.deliver_events))
    register_sweep(Sweep("old webhook deliveries", delivering.has_old_deliveries, tasks.forget_deliveries))
