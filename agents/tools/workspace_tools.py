"""A workspace's own tools: entered, switched, removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from agents.models import WorkspaceTool
from agents.models.tools import Caller, new_signing_key
from crm.models import Workspace
from project.kernel.errors import WrongValues

from .over_http import check_schema
from .registry import is_reserved

MOST_TOOLS = 20


@transaction.atomic
def add_tool(
    *,
    workspace: Workspace,
    name: str,
    description: str,
    url: str,
    inputs: Any,
    callers: Sequence[str],
    timeout_seconds: float = 4.0,
    now: datetime,
) -> WorkspaceTool:
    """Its signing key is made here and shown once. Raises WrongValues or ValidationError, naming each wrong value."""
    check_schema(inputs)
    _check(workspace, name, url, callers)
    tool = WorkspaceTool(
        workspace=workspace,
        name=name,
        description=description,
        url=url,
        inputs=inputs,
        callers=sorted(callers),
        secrets={"signing_key": new_signing_key()},
        timeout_seconds=timeout_seconds,
        created_at=now,
    )
    tool.full_clean(exclude=["secrets", "inputs", "callers"], validate_unique=False, validate_constraints=False)
    if not 0 < timeout_seconds <= 8:
        raise ValidationError({"timeout_seconds": "between 0 and 8 seconds"})
    try:
        with transaction.atomic():
            tool.save(force_insert=True)
    except IntegrityError as error:
        raise WrongValues({"name": "the workspace has a tool of this name"}) from error
    return tool


def _check(workspace: Workspace, name: str, url: str, callers: Sequence[str]) -> None:
    if is_reserved(name):
        raise WrongValues({"name": f"“{name}” is one of Baton's own tools"})
    if unknown := set(callers) - set(Caller.values):
        raise WrongValues({"callers": f"“{sorted(unknown)[0]}” is none of {', '.join(Caller.values)}"})
    if not callers:
        raise WrongValues({"callers": "somebody must be allowed to cause a call"})
    if urlsplit(url).scheme not in ("https", "http"):
        raise WrongValues({"url": "it is not a web address"})
    if WorkspaceTool.objects.filter(workspace=workspace).count() >= MOST_TOOLS:
        raise WrongValues({"name": f"a workspace has at most {MOST_TOOLS} tools"})


def remove_tool(*, tool: WorkspaceTool) -> None:
    tool.delete()
