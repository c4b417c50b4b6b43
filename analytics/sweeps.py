"""The due rows of this floor."""

from project.kernel.due import Sweep, register_sweep


def register() -> None:
    from . import tasks
    from .services import audits

    register_sweep(Sweep("audits", audits.has_requested_audits, tasks.run_audit))
