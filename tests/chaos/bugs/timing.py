"""Bugs in what time means: late rungs, leases by the wrong clock, a lower voice that may interrupt."""

from __future__ import annotations

from tests.chaos.devices.skews import skew_seconds
from tests.chaos.patching import replace

from . import bug


@bug
def every_late_rung_fires() -> None:
    """After an outage the customer hears every rung that was missed, one after another."""
    replace("handover.services.ladder._higher_rung", lambda step, now: None)


@bug
def leases_by_own_clock() -> None:
    """Leases begin and end by the clock of whichever process looks."""
    own = f"(clock_timestamp() + interval '{skew_seconds()} seconds')"
    for name in ("_ACQUIRE", "_RENEW", "_TAKE_BACK", "_IS_HELD_AGAINST"):
        replace(f"messaging.floor.{name}", _statement(name).replace("clock_timestamp()", own))
    replace("project.kernel.leases.ClockTimestamp.template", own)


def _statement(name: str) -> str:
    from messaging import floor

    return str(getattr(floor, name))


@bug
def equal_may_interrupt() -> None:
    """Whoever asks last has the floor, unless somebody higher holds it."""
    lower = _statement("_ACQUIRE").replace("floor.priority > excluded.priority", "floor.priority >= excluded.priority")
    replace("messaging.floor._ACQUIRE", lower)


@bug
def transactions_may_idle() -> None:
    """Nobody ends a transaction that its process forgot."""
    from django.conf import settings

    del settings.DATABASES["default"]["OPTIONS"]["options"]
