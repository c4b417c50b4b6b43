"""What an extractor hands over, and how a finding is weighed against what is known. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from uuid import UUID

from .fields import same


@dataclass(frozen=True, slots=True)
class Said:
    """A customer's message."""

    message_id: UUID
    position: int
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A value that a message gave, with the words that say so. `confidence` runs from 0 to 1."""

    field: str
    value: str
    message_id: UUID | None
    words: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class Findings:
    """Everything one reading of a conversation found. `opinion` holds the model's own scores by name."""

    facts: tuple[Finding, ...] = ()
    tags: tuple[str, ...] = ()
    opinion: dict[str, int] = field(default_factory=dict)
    notify: str = ""
    follow_up_on: date | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """The fact that is current."""

    value: str
    source: str
    confidence: float


class Weight(StrEnum):
    """What becomes of a finding."""

    LEARN = "learn"
    """It becomes the current fact."""
    REPEAT = "repeat"
    """It says what is known already."""
    ASIDE = "aside"
    """It is kept in the history; what is known stays."""


NEWER_MAY_BE_LESS_SURE_BY = 0.25
"""Customers correct themselves: a later value replaces an earlier one unless it is much less sure."""


def weigh(finding: Finding, known: Known | None) -> Weight:
    """A person's word stands against every reading, whatever it says and whenever it comes."""
    if known is None:
        return Weight.LEARN
    if known.value and same(finding.field, finding.value, known.value):
        return Weight.REPEAT
    if known.source == "person":
        return Weight.ASIDE
    if finding.confidence < known.confidence - NEWER_MAY_BE_LESS_SURE_BY:
        return Weight.ASIDE
    return Weight.LEARN
