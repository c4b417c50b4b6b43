"""What the drivers did and what they were told: invocations and completions, as Jepsen keeps them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """`unknown` is an outcome of its own: taking it for a failure is how things happen twice."""

    OK = "ok"
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Action:
    """`subject` is the provider's id of a customer's message, or our own id of a person's."""

    kind: str  # says | takes over | writes | returns | resolves
    phone: str
    began: float
    ended: float
    outcome: Outcome
    subject: str = ""
    is_listed: bool = True  # the provider's list has it, delivered or not

    @property
    def address(self) -> str:
        return f"whatsapp:{self.phone}"


@dataclass(slots=True)
class History:
    _actions: list[Action] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, action: Action) -> Action:
        with self._lock:
            self._actions.append(action)
        return action

    def all(self, *kinds: str) -> list[Action]:
        with self._lock:
            return [action for action in self._actions if not kinds or action.kind in kinds]

    def phones(self) -> list[str]:
        return sorted({action.phone for action in self.all()})

    def count(self, wanted: Callable[[Action], bool]) -> int:
        return sum(wanted(action) for action in self.all())
