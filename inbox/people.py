"""What the screens, the API and the commands about people share."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from crm.access import NotFound, require
from crm.models import LeadMerge, User, Workspace
from crm.services.suppression_lists import Read
from crm.services.suppressions import import_suppressions


def access_merge(user: User, workspace: Workspace, merge_id: int, action: str = "read") -> LeadMerge:
    require(user, workspace, action)
    merge = LeadMerge.objects.filter(workspace=workspace, pk=merge_id).first()
    if merge is None:
        raise NotFound("There is no such merge.")
    return merge


def import_list(
    workspace: Workspace, read: Read, source: str, user: User | None, *, is_preview: bool, now: datetime
) -> dict[str, Any]:
    """What stands on the list and, unless it is a preview, what taking it in has changed."""
    changed: dict[str, Any] = {"added": None, "known": None, "leads": None}
    if not is_preview:
        taken = import_suppressions(workspace=workspace, entries=read.entries, source=source, user=user, now=now)
        changed = asdict(taken)
    problems = [asdict(problem) for problem in read.problems]
    return {"read": len(read.entries), "wrong": read.wrong, "problems": problems, **changed}
