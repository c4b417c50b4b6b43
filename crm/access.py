"""The doors to a workspace's rows: who may do what. Views ask here and nowhere else."""

from crm.models import Lead, Membership, Role, User, Workspace
from project.kernel.scope import across_workspaces

MAY: dict[str, frozenset[str]] = {
    "read": frozenset(Role.values),
    "reply": frozenset({Role.OWNER, Role.MANAGER, Role.SALES}),
    "configure": frozenset({Role.OWNER, Role.MANAGER}),
    "admin": frozenset({Role.OWNER}),
}


class NotFound(Exception):
    """There is no such row, or this person may not know that there is."""


class NotAllowed(Exception):
    """This person's role in the workspace does not cover the action."""


def access_workspace(user: User, slug: str, action: str = "read") -> Workspace:
    """The workspace, for a member whose role covers `action`. Raises NotFound for strangers, else NotAllowed."""
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise NotFound("There is no such workspace.")
    require(user, workspace, action)
    return workspace


def role_of(user: User, workspace: Workspace) -> str | None:
    """The person's role; a superuser of the installation counts as an owner."""
    with across_workspaces():
        membership = Membership.objects.filter(workspace=workspace, user_id=user.pk).first()
    if membership:
        return membership.role
    return Role.OWNER if user.is_superuser else None


def may(user: User, workspace: Workspace, action: str) -> bool:
    return role_of(user, workspace) in MAY[action]


def require(user: User, workspace: Workspace, action: str) -> None:
    """Raise NotFound for a stranger and NotAllowed for a role that does not cover `action`."""
    role = role_of(user, workspace)
    if role is None:
        raise NotFound("There is no such workspace.")
    if role not in MAY[action]:
        raise NotAllowed(f"Your role ({role}) does not allow this.")


def access_lead(user: User, workspace: Workspace, lead_id: int, action: str = "read") -> Lead:
    """The lead; who was merged into somebody else is found as that one, so that old links go on working."""
    require(user, workspace, action)
    lead = Lead.everything.select_related("merged_into").filter(workspace=workspace, pk=lead_id).first()
    if lead is None:
        raise NotFound("There is no such lead.")
    return lead.merged_into or lead


def workspaces_of(user: User) -> list[Workspace]:
    """The workspaces a person works in, by name; all of them for a superuser."""
    everything = Workspace.objects.order_by("name")
    return list(everything if user.is_superuser else everything.filter(memberships__user=user))
