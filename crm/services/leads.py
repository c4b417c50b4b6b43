"""Finding the person behind an identity, whichever name the channel uses today."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from crm.models import Identity, Lead, Workspace
from crm.models.people import IdentityKind
from crm.phones import variants_of

from .trail import record_decision

Name = tuple[IdentityKind, str]


def find_lead(*, workspace: Workspace, identities: Iterable[Name]) -> Lead | None:
    """The lead known by any of these names, the first given name deciding; phone variants count as the same."""
    for kind, value in identities:
        values = variants_of(value) if kind == IdentityKind.PHONE else [value]
        found = Identity.objects.filter(workspace=workspace, kind=kind, value__in=values).select_related("lead").first()
        if found:
            return found.lead
    return None


def find_or_create_lead(*, workspace: Workspace, identities: list[Name], name: str = "", now: datetime) -> Lead:
    """The lead known by any of `identities`, who is then known by all of them that nobody else has.

    An identity that belongs to another lead stays with that lead: people are never merged by a message.
    Raises ValueError without identities.
    """
    if not identities:
        raise ValueError("A lead needs at least one identity.")
    lead = find_lead(workspace=workspace, identities=identities)
    if lead is None:
        lead = _create_lead(workspace=workspace, identities=identities, name=name, now=now)
    elif name and not lead.name:
        lead.name = name[:255]
        lead.save(update_fields=["name"])
    _learn_identities(lead, identities, now)
    return lead


def _create_lead(*, workspace: Workspace, identities: list[Name], name: str, now: datetime) -> Lead:
    """Two first messages at once race here; the unique identity decides, and the loser joins the winner's lead."""
    kind, value = identities[0]
    with transaction.atomic():
        lead = Lead.objects.create(workspace=workspace, name=name[:255], created_at=now)
        _learn_identities(lead, identities[:1], now)
        is_ours = Identity.objects.filter(workspace=workspace, kind=kind, value=value, lead=lead).exists()
        if not is_ours:
            lead.delete()
    if is_ours:
        record_decision(
            lead=lead,
            actor="crm",
            kind="lead.created",
            reason="First seen in the web chat." if kind == IdentityKind.VISITOR else f"First seen as {value}.",
            now=now,
            identity_kind=kind,
        )
        return lead
    found = find_lead(workspace=workspace, identities=[identities[0]])
    assert found is not None
    return found


def _learn_identities(lead: Lead, identities: list[Name], now: datetime) -> None:
    """One statement; a name that somebody has, this lead included, stays where it is."""
    Identity.objects.bulk_create(
        [
            Identity(workspace_id=lead.workspace_id, lead=lead, kind=kind, value=value, created_at=now)
            for kind, value in identities
        ],
        ignore_conflicts=True,
    )
