"""What a provider says of a channel's credentials and sender when it is asked. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and how to mend it, each a sentence. `setting` is the value to blame, where one is."""

    what: str
    mend: str
    setting: str = ""

    def __str__(self) -> str:
        return f"{self.what} {self.mend}"


@dataclass(frozen=True, slots=True)
class Verified:
    """Problems are certain, and no channel is connected with them. Doubts leave it open: the provider may be away."""

    found: str = ""
    problems: tuple[Problem, ...] = ()
    doubts: tuple[Problem, ...] = ()
