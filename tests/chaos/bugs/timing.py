"""Bugs in what time means: late rungs, leases by the wrong clock, a lower voice that may interrupt."""

from __future__ import annotations

from importlib import import_module

from tests.chaos.devices.skews import skew_seconds
from tests.chaos.patching import replace

from . import bug


@bug
def every_late_rung_fires() -> None:
    """After an outage the customer hears every rung that was missed, one after another."""
    replace("handover.services.ladder._higher_rung", lambda step, rungs, now: None)


@bug
def leases_by_own_clock() -> None:
    """Leases begin and end by the clock of whichever process looks."""
    own = f"(clock_timestamp() + interval '{skew_seconds()} seconds')"
    for place in ("messaging.floor", "messaging.services.dispatch", "agents.primary.turns"):
        module = import_module(place)
        for name, text in list(vars(module).items()):
            if isinstance(text, str) and "clock_timestamp()" in text:
                replace(f"{place}.{name}", text.replace("clock_timestamp()", own))
    replace("project.kernel.leases.ClockTimestamp.template", own)


@bug
def equal_may_interrupt() -> None:
    """Whoever asks last has the floor, unless somebody higher holds it."""
    from messaging import floor

    guard = "floor.priority > excluded.priority"
    assert guard in floor._ACQUIRE
    replace("messaging.floor._ACQUIRE", floor._ACQUIRE.replace(guard, "floor.priority >= excluded.priority"))


@bug
def transactions_may_idle() -> None:
    """Nobody ends a transaction that its process forgot."""
    from django.conf import settings

    del settings.DATABASES["default"]["OPTIONS"]["options"]
