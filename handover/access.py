"""The door to handovers."""

from crm.access import NotFound, require
from crm.models import User, Workspace

from .models import Handover


def access_handover(user: User, workspace: Workspace, handover_id: int, action: str = "read") -> Handover:
    """The handover, for a member whose role covers `action`. Raises NotFound or NotAllowed."""
    require(user, workspace, action)
    handover = (
        Handover.objects.filter(workspace=workspace, pk=handover_id)
        .select_related("conversation", "lead", "workspace", "claimed_by")
        .first()
    )
    if handover is None:
        raise NotFound("There is no such handover.")
    return handover
