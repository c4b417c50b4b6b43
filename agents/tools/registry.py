"""Which tools there are: those that come with Baton, those of a floor above, those of a workspace."""

from __future__ import annotations

from agents.models import WorkspaceTool

from .over_http import http_tool
from .ports import AppointmentDesk, Tool

_tools: dict[str, Tool] = {}
_desks: list[AppointmentDesk] = []


class UnknownTool(LookupError):
    """There is no such tool for this workspace."""


def register_tool(tool: Tool) -> None:
    """Called from `AppConfig.ready`; the last registration of a name wins."""
    _tools[tool.name] = tool


def register_appointment_desk(desk: AppointmentDesk) -> None:
    """Whoever knows the calendar offers itself; `book_appointment` exists as soon as somebody does."""
    _desks[:] = [desk]


def appointment_desk() -> AppointmentDesk | None:
    return _desks[0] if _desks else None


def find_tool(workspace_id: int, name: str) -> Tool:
    """Raises UnknownTool. A tool of Baton's own cannot be replaced by a workspace's of the same name."""
    if name in _tools:
        return _tools[name]
    row = WorkspaceTool.objects.filter(workspace_id=workspace_id, name=name, is_active=True).first()
    if row is None:
        raise UnknownTool(name)
    return http_tool(row)


def tools_for(workspace_id: int, caller: str) -> tuple[Tool, ...]:
    """All that `caller` may cause to be called: nothing else is even named to a model."""
    own = [http_tool(row) for row in WorkspaceTool.objects.filter(workspace_id=workspace_id, is_active=True)]
    return tuple(tool for tool in (*_tools.values(), *own) if caller in tool.callers)


def is_reserved(name: str) -> bool:
    return name in _tools
