"""Bugs in what goes on for ever, comes twice from a list, or is shown to people."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any

from tests.chaos.patching import around, replace

from . import bug


@bug
def nothing_is_parked() -> None:
    """What fails is tried again, however often it has failed."""
    for module in ("messaging.services.inbox", "agents.primary.turns", "agents.bus", "handover.services.ladder"):
        replace(f"{module}.MAX_ATTEMPTS", 10**6)
    replace("messaging.services.settlement.MAX_SENDS", 10**6)


@bug
def list_without_keys() -> None:
    """What the provider's list shows is taken for new each time it is read."""

    def always_new(found: Any, *args: Any) -> Any:
        from dataclasses import replace as changed

        event = found(*args)
        return changed(event, key=f"{event.key}:{uuid.uuid4().hex[:8]}")

    around("messaging.transports.found_event", always_new)


@bug
def no_slow_poll() -> None:
    """Screens believe the push layer: what it does not tell them they never see."""
    from django.conf import settings

    script = Path(settings.BASE_DIR, "static/js/live.js").read_text()
    aside = Path(os.environ["BATON_DATA"], "planted")
    (aside / "js").mkdir(parents=True, exist_ok=True)
    (aside / "js/live.js").write_text(script.replace("up: 25_000, down: 4_000", "up: Infinity, down: Infinity"))
    settings.STATICFILES_DIRS.insert(0, aside)
