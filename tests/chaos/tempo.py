"""Everything that a system under chaos does sooner than in production, in one place.

Leases, windows and sweeps keep their proportions: a call ends within its window, absence is believed only after the
window, and a grant outlives the words that it was given for.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from .patching import owner_of, replace

SWEEP_SECONDS: Final = 2.0  # the provider's list; 60 in production
QUIET_SECONDS: Final = 0.5
CONNECT_SECONDS: Final = 0.4
READ_SECONDS: Final = 0.8
CALL_WINDOW_SECONDS: Final = 2.4
ABSENCE_SECONDS: Final = 3.0  # after its claim, what the provider's list does not have is believed missing
START_MARGIN_SECONDS: Final = 0.2
LEASE_SECONDS: Final = 5.0
THOUGHT_SECONDS: Final = 2.0  # shorter than the lease of a turn
LOCK_DELAY_SECONDS: Final = 2.0  # as in production

PACE: Final[Mapping[str, Any]] = {
    "messaging.services.missed.EVERY": timedelta(seconds=SWEEP_SECONDS),
    "messaging.services.missed.OVERLAP": timedelta(seconds=5 * SWEEP_SECONDS),
    "messaging.services.missed.QUIET": timedelta(seconds=QUIET_SECONDS),
    "messaging.services.dispatch.CALL_WINDOW_SECONDS": CALL_WINDOW_SECONDS,
    "messaging.services.dispatch.HTTP_SECONDS": CONNECT_SECONDS + READ_SECONDS,
    "messaging.services.dispatch.START_MARGIN_SECONDS": START_MARGIN_SECONDS,
    "messaging.channels.twilio.transport.CONNECT_SECONDS": CONNECT_SECONDS,
    "messaging.channels.twilio.transport.READ_SECONDS": READ_SECONDS,
    "messaging.services.settlement.FIRST_LOOK": timedelta(seconds=1),
    "messaging.services.reconcile.ASK_AGAIN_AFTER": timedelta(seconds=1),
    "messaging.services.reconcile.BELIEVE_ABSENCE_AFTER": timedelta(seconds=ABSENCE_SECONDS),
    "messaging.services.breakers.FIRST_REST_SECONDS": 1.0,
    "messaging.services.breakers.LONGEST_REST_SECONDS": 4.0,
    "messaging.services.breakers.PROBE_SECONDS": CALL_WINDOW_SECONDS,
    "messaging.floor.LEASE_SECONDS": LEASE_SECONDS,
    "agents.primary.turns.TURN_LEASE": timedelta(seconds=4),
    "handover.services.ladder.STEP_LEASE": timedelta(seconds=2),
    "handover.services.ladder.LINK_LEASE": timedelta(seconds=4),
}

RETRY_SECONDS: Final = 0.5  # then twice that, and so on; 2 s and four times that in production
RESTART_PAUSES: Final = (0.1,)
"""How soon the supervisor starts again what was killed, however often that happens."""


def quicken() -> None:
    for path, value in PACE.items():
        replace(path, value)
    for function in ("acquire", "renew"):  # their default was bound when the module was read
        owner, name = owner_of(f"messaging.floor.{function}")
        getattr(owner, name).__kwdefaults__["seconds"] = LEASE_SECONDS
    _retry_soon()
    replace("project.management.commands.up.SUPERVISOR", "tests.chaos.supervisor")


def _retry_soon() -> None:
    """In every module that has imported the name."""
    from project.kernel import due

    original = due.retry_delay
    for module in list(sys.modules.values()):
        if getattr(module, "retry_delay", None) is original:
            module.retry_delay = retry_soon  # type: ignore[attr-defined]


def retry_soon(attempt: int) -> timedelta:
    return timedelta(seconds=RETRY_SECONDS * 2 ** (attempt - 1))
