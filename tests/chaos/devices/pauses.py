"""The worst moment for a sender to fall asleep: its attempt is committed, its call is not yet made.

Armed by a file in the data folder, once: the process that comes by takes the file away and stops itself.
"""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

from tests.chaos.patching import around

ARMED = "stop-before-call"


def install() -> None:
    around("messaging.services.dispatch._claim", _stop_when_armed)


def _stop_when_armed(claim: Any, *args: Any, **kwargs: Any) -> Any:
    claimed = claim(*args, **kwargs)
    if claimed[1] is not None and _disarm():
        # To this very thread: one sent to the process is taken by another thread, and this one would go on meanwhile.
        signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
    return claimed


def _disarm() -> bool:
    """Only one of several processes gets it."""
    try:
        (Path(os.environ["BATON_DATA"]) / ARMED).unlink()
    except FileNotFoundError:
        return False
    return True
