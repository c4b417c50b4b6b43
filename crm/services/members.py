"""Who works in a workspace: changing roles and letting people go. Somebody always owns it."""

from django.db import transaction

from crm.access import NotAllowed, role_of
from crm.models import Membership, Role, User, Workspace
from crm.services.workspaces import add_member
from project.kernel.errors import WrongValues


@transaction.atomic
def bring_in(*, workspace: Workspace, email: str, role: str, password: str, name: str, by: User) -> User:
    """Make somebody a member who is none yet. Raises as `add_member` and `change_role`."""
    _require_owner_for(workspace, by, role)
    if Membership.objects.filter(workspace=workspace, user__email__iexact=email).exists():
        raise WrongValues({"email": f"{email} works here already; change their role instead"})
    return add_member(workspace=workspace, email=email, password=password, role=role, name=name)


@transaction.atomic
def change_role(*, workspace: Workspace, member: Membership, role: str, by: User) -> None:
    """Raises WrongValues for a role that is none or for the last owner, NotAllowed when only an owner may."""
    if role not in Role.values:
        raise WrongValues({"role": f"“{role}” is not a role: {', '.join(Role.values)}"})
    _require_owner_for(workspace, by, member.role, role)
    if role != Role.OWNER:
        _keep_an_owner(workspace, member)
    Membership.objects.filter(pk=member.pk).update(role=role)


@transaction.atomic
def remove_member(*, workspace: Workspace, member: Membership, by: User) -> None:
    """The person keeps the account, and what they wrote keeps their name. Raises as `change_role`."""
    _require_owner_for(workspace, by, member.role)
    _keep_an_owner(workspace, member)
    Membership.objects.filter(pk=member.pk).delete()


def _require_owner_for(workspace: Workspace, by: User, *roles: str) -> None:
    """Ownership is given and taken by owners only."""
    if Role.OWNER in roles and role_of(by, workspace) != Role.OWNER:
        raise NotAllowed("Only an owner may make or change an owner.")


def _keep_an_owner(workspace: Workspace, member: Membership) -> None:
    # All owners are locked: two of them leaving at the same moment must not both succeed.
    owners = Membership.objects.select_for_update().filter(workspace=workspace, role=Role.OWNER)
    if {owner.pk for owner in owners} == {member.pk}:
        raise WrongValues({"role": f"{member.user} is the only owner; make somebody else an owner first"})
