"""A circuit breaker: a model that keeps failing is left alone for a while, and then asked once.

Pure but for its lock: the caller passes the monotonic seconds in.
"""

from __future__ import annotations

import threading
from enum import StrEnum

from agents.reasoning.ports import ModelSettings

LONGEST_REST = 600.0


class State(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Breaker:
    def __init__(self, *, failures_to_open: int = 3, rest_seconds: float = 30.0) -> None:
        self._failures_to_open = failures_to_open
        self._rest_seconds = rest_seconds
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_again_at: float | None = None  # None: closed
        self._probe_until: float | None = None

    def state(self, now: float) -> State:
        with self._lock:
            if self._closed_again_at is None:
                return State.CLOSED
            return State.OPEN if now < self._closed_again_at else State.HALF_OPEN

    def allows(self, now: float) -> bool:
        """Half open, it allows one probe; a probe that never reports is forgotten after a rest."""
        with self._lock:
            if self._closed_again_at is None:
                return True
            if now < self._closed_again_at or (self._probe_until is not None and now < self._probe_until):
                return False
            self._probe_until = now + self._rest_seconds
            return True

    def record_success(self) -> None:
        with self._lock:
            self._failures = 0
            self._closed_again_at = self._probe_until = None

    def record_failure(self, now: float, *, retry_after: float | None = None) -> None:
        """Opens after some failures in a row, at once when a probe fails or the server says how long to stay away."""
        with self._lock:
            self._failures += 1
            was_probe = self._closed_again_at is not None
            if was_probe or retry_after or self._failures >= self._failures_to_open:
                rest = max(self._rest_seconds, min(retry_after or 0.0, LONGEST_REST))
                self._closed_again_at = max(self._closed_again_at or 0.0, now + rest)
                self._probe_until = None


_breakers: dict[ModelSettings, Breaker] = {}
_registry = threading.Lock()


def breaker_for(endpoint: ModelSettings) -> Breaker:
    """One per process and endpoint: another key or another model may well be answered."""
    with _registry:
        return _breakers.setdefault(endpoint, Breaker())
