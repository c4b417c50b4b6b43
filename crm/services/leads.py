"""Finding the person behind an identity, whichever name the channel uses today."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from crm.models import Identity, Lead, Workspace
from crm.models.people import IdentityKind
from crm.phones import variants_of

from .trail import record_decision

Name = tuple[IdentityKind, str]

_FIND = """
    SELECT lead.*
      FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS name (kind, value, place)
      JOIN crm_identity AS known ON known.workspace_id = %s AND known.kind = name.kind AND known.value = name.value
      JOIN crm_lead AS lead ON lead.id = known.lead_id
     ORDER BY name.place LIMIT 1
"""


def find_lead(*, workspace: Workspace, identities: Iterable[Name]) -> Lead | None:
    """The lead known by any of these names, the first known one deciding; phone variants count as the same."""
    names = [spelling for name in identities for spelling in _spellings(*name)]
    values = [[kind for kind, _ in names], [value for _, value in names], workspace.pk]
    return next(iter(Lead.objects.raw(_FIND, values)), None)


def _spellings(kind: IdentityKind, value: str) -> list[Name]:
    return [(kind, each) for each in (variants_of(value) if kind == IdentityKind.PHONE else [value])]


def find_or_create_lead(*, workspace: Workspace, identities: list[Name], name: str = "", now: datetime) -> Lead:
    """The lead known by any of `identities`, who is then known by all of them that nobody else has.

    An identity that belongs to another lead stays with that lead: people are never merged by a message.
    Raises ValueError without identities.
    """
    if not identities:
        raise ValueError("A lead needs at least one identity.")
    lead = find_lead(workspace=workspace, identities=identities)
    if lead is None:
        return _create_lead(workspace=workspace, identities=identities, name=name, now=now)
    if name and not lead.name:
        lead.name = name[:255]
        lead.save(update_fields=["name"])
    _learn_identities(lead, identities, now)
    return lead


def learn_identities(*, lead: Lead, identities: list[Name], reason: str, now: datetime) -> bool:
    """The lead is known by these as well from now on; what belongs to somebody else stays there. False: nothing new."""
    before = set(Identity.objects.filter(lead=lead).values_list("value", flat=True))
    _learn_identities(lead, identities, now)
    gained = Identity.objects.filter(lead=lead).exclude(value__in=before).order_by("pk")
    if names := ", ".join(gained.values_list("value", flat=True)):
        told = f"{reason} Known as {names} too."
        record_decision(lead=lead, actor="crm", kind="lead.identity_added", reason=told, now=now)
    return bool(names)


def _create_lead(*, workspace: Workspace, identities: list[Name], name: str, now: datetime) -> Lead:
    """Two first messages at once race here; the unique identity decides, and the loser joins the winner's lead."""
    kind, value = identities[0]
    with transaction.atomic(savepoint=False):
        lead = Lead.objects.create(workspace=workspace, name=name[:255], created_at=now)
        _learn_identities(lead, identities, now)
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
    _learn_identities(found, identities, now)
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
