"""What a tool is, what it is given and what it answers. Knows no Django."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from pydantic import BaseModel

from agents.reasoning.ports import Source

LONGEST_RESULT = 2000


@dataclass(frozen=True, slots=True)
class Errand:
    """On whose behalf a tool is called. `text` is what the customer wrote; `caller` who caused it."""

    workspace_id: int
    lead_id: int
    conversation_id: int
    caller: str
    text: str
    language: str
    now: datetime
    turn_id: int | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """`text` is what the agent is told, in English; `facts` are for whoever acts on it without a model.

    `sources` are what a reply may rest on; `hands_over` says why a person is needed, if the tool asks for one.
    """

    text: str
    is_done: bool = True
    facts: Mapping[str, Any] = field(default_factory=dict)
    sources: tuple[Source, ...] = ()
    hands_over: str = ""


class ToolFailed(Exception):
    """The tool could not do it, with the reason for whoever called it."""


@dataclass(frozen=True, slots=True)
class Tool:
    """`callers` are those who may cause a call, checked in code at the call, whatever a prompt says."""

    name: str
    description: str
    schema: Mapping[str, Any]
    callers: frozenset[str]
    timeout_seconds: float
    check: Callable[[Mapping[str, Any]], dict[str, Any]]
    run: Callable[[Errand, dict[str, Any]], Outcome]


class Run(Protocol):
    def __call__(self, errand: Errand, inputs: Any) -> Outcome: ...


def typed_tool(
    *, name: str, description: str, inputs: type[BaseModel], callers: frozenset[str], timeout_seconds: float, run: Run
) -> Tool:
    """A tool whose inputs are a pydantic model."""

    def check(arguments: Mapping[str, Any]) -> dict[str, Any]:
        return inputs.model_validate(arguments).model_dump()

    def run_typed(errand: Errand, arguments: dict[str, Any]) -> Outcome:
        return run(errand, inputs.model_validate(arguments))

    return Tool(name, description, inputs.model_json_schema(), callers, timeout_seconds, check, run_typed)


@dataclass(frozen=True, slots=True)
class Appointment:
    """Free times, and the link by which one of them is booked; `is_booked_at` when a call is booked already."""

    url: str = ""
    times: tuple[datetime, ...] = ()
    is_booked_at: datetime | None = None


class AppointmentDesk(Protocol):
    """Filled by the floor above, which knows the calendar."""

    def __call__(self, *, lead_id: int, now: datetime) -> Appointment: ...
