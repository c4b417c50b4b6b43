"""The due rows of this floor."""

from project.kernel.due import Sweep, register_sweep


def register() -> None:
    from . import tasks
    from .services import audits, canary

    register_sweep(Sweep("audits", audits.has_requested_audits, tasks.run_audit))
    register_sweep(Sweep("canary", canary.has_canary_work, tasks.run_canary))
