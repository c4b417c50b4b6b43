"""Reading about leads: who is meant, and what was decided about them."""

import re
from typing import Any

from crm.models import Lead, Membership, Role, TrailEntry, User, Workspace
from crm.models.people import IdentityKind
from crm.phones import NotAPhoneNumber, to_e164
from crm.services.leads import Name, find_lead
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces


def lead_named(workspace: Workspace, text: str) -> Lead:
    """The lead meant by a phone number, e-mail address, other identity, or `#id`. Raises WrongValues."""
    if number := re.fullmatch(r"#(\d{1,18})", text):
        lead = Lead.objects.filter(workspace=workspace, pk=int(number[1])).first()
    else:
        lead = find_lead(workspace=workspace, identities=_names_in(text)) or _lead_with_email(workspace, text)
    if lead is None:
        raise WrongValues({"lead": f"nobody in this workspace is known as “{text}”"})
    return lead


def trail_of(lead: Lead) -> list[TrailEntry]:
    """Every entry of the lead's trail, oldest first."""
    return list(TrailEntry.objects.filter(lead=lead).order_by("id"))


def as_event(entry: TrailEntry) -> dict[str, Any]:
    """A trail entry as the API and the command print it."""
    return {
        "id": entry.pk,
        "at": entry.at.isoformat(),
        "actor": entry.actor,
        "kind": entry.kind,
        "reason": entry.reason,
        "facts": entry.facts,
    }


def _lead_with_email(workspace: Workspace, text: str) -> Lead | None:
    """The newest who gave this address; it need not be an identity of theirs."""
    if "@" not in text:
        return None
    return Lead.objects.filter(workspace=workspace, email__iexact=text).order_by("-id").first()


def _names_in(text: str) -> list[Name]:
    """Every identity the text may be, the likeliest first."""
    bare = text.strip().removeprefix("whatsapp:")
    names = [(IdentityKind.WHATSAPP, bare), (IdentityKind.VISITOR, bare), (IdentityKind.EMAIL, bare.lower())]
    try:
        return [(IdentityKind.PHONE, to_e164(bare)), *names]
    except NotAPhoneNumber:
        return names


def roles_of(user: User, workspaces: list[Workspace]) -> dict[int, str]:
    """The person's role in each of the workspaces, by id; a superuser counts as an owner where they are no member."""
    with across_workspaces():
        memberships = Membership.objects.filter(user=user, workspace__in=workspaces)
        known = dict(memberships.values_list("workspace_id", "role"))
    return {workspace.pk: known.get(workspace.pk, Role.OWNER) for workspace in workspaces}
