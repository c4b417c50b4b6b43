"""Finding the person behind an identity, whichever name the channel uses today."""

from collections.abc import Iterable
from datetime import datetime

from django.db import connection, transaction

from crm.models import Lead, Workspace
from crm.models.people import IdentityKind
from crm.phones import variants_of

from .proposals import propose_merges
from .suppressions import heed_suppressions
from .trail import record_decision

Name = tuple[IdentityKind, str]

# A message that found its identity just before a merge may have left a name with whoever was merged away.
_FIND = """
    SELECT lead.*
      FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS name (kind, value, place)
      JOIN crm_identity AS known ON known.workspace_id = %s AND known.kind = name.kind AND known.value = name.value
      JOIN crm_lead AS named ON named.id = known.lead_id
      JOIN crm_lead AS lead ON lead.id = coalesce(named.merged_into_id, named.id)
     ORDER BY name.place
"""


def find_lead(*, workspace: Workspace, identities: Iterable[Name]) -> Lead | None:
    """The lead known by any of these names, the first known one deciding; phone variants count as the same."""
    return next(iter(find_leads(workspace=workspace, identities=identities)), None)


def find_leads(*, workspace: Workspace, identities: Iterable[Name]) -> list[Lead]:
    """Everybody known by any of these names, in the order of the names: more than one may be one person."""
    names = [spelling for name in identities for spelling in spellings_of(*name)]
    values = [[kind for kind, _ in names], [value for _, value in names], workspace.pk]
    return list({lead.pk: lead for lead in Lead.objects.raw(_FIND, values)}.values())


def spellings_of(kind: str, value: str) -> list[Name]:
    spelled = variants_of(value) if kind == IdentityKind.PHONE else [value]
    return [(IdentityKind(kind), each) for each in spelled]


def survivor_of(lead: Lead) -> Lead:
    """Who the lead is now, and stays until the transaction ends: a merge of either waits for it."""
    present = Lead.everything.select_for_update(no_key=True).get(pk=lead.pk)
    if present.merged_into_id is None:
        return lead
    return Lead.everything.select_for_update(no_key=True).get(pk=present.merged_into_id)


def find_or_create_lead(*, workspace: Workspace, identities: list[Name], name: str = "", now: datetime) -> Lead:
    """The lead known by any of `identities`, who is then known by all of them that nobody else has.

    An identity that belongs to another lead stays with that lead: people are never merged by a message. That a
    provider named the two together is proposed to a person, or to the workspace's rule.
    Raises ValueError without identities.
    """
    if not identities:
        raise ValueError("A lead needs at least one identity.")
    known = find_leads(workspace=workspace, identities=identities)
    if not known:
        return _create_lead(workspace=workspace, identities=identities, name=name, now=now)
    lead = known[0]
    if name and not lead.name:
        lead.name = name[:255]
        lead.save(update_fields=["name"])
    _learn_identities(lead, identities, now)
    if len(known) > 1:
        named = " and ".join(value for _, value in identities)
        propose_merges(known, reason=f"One message named {named} as the same person.", now=now)
    return lead


def learn_identities(*, lead: Lead, identities: list[Name], reason: str, now: datetime) -> bool:
    """The lead is known by these as well from now on; what belongs to somebody else stays there. False: nothing new."""
    gained = _learn_identities(lead, identities, now)
    if names := ", ".join(gained):
        told = f"{reason} Known as {names} too."
        record_decision(lead=lead, actor="crm", kind="lead.identity_added", reason=told, now=now)
    others = find_leads(workspace=lead.workspace, identities=identities)
    people = {each.pk: each for each in [lead, *others]}
    if len(people) > 1:  # a number passes to somebody else: a person looks, whatever the rule says
        propose_merges(list(people.values()), reason=reason, now=now, by_rule=False)
    return bool(names)


def _create_lead(*, workspace: Workspace, identities: list[Name], name: str, now: datetime) -> Lead:
    """Two first messages at once race here; the unique identity decides, and the loser joins the winner's lead."""
    kind, value = identities[0]
    with transaction.atomic(savepoint=False):
        lead = Lead.objects.create(workspace=workspace, name=name[:255], created_at=now)
        gained = _learn_identities(lead, identities, now)
        is_ours = value in gained
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


_LEARN = """
    INSERT INTO crm_identity (workspace_id, lead_id, kind, value, source, handle, created_at)
    SELECT %s, %s, kind, value, 'channel', '', %s FROM unnest(%s::text[], %s::text[]) AS name (kind, value)
    ON CONFLICT DO NOTHING
    RETURNING value
"""


def _learn_identities(lead: Lead, identities: list[Name], now: datetime) -> list[str]:
    """One statement; a name that somebody has, this lead included, stays where it is. The names that are new."""
    kinds, values = [kind.value for kind, _ in identities], [value for _, value in identities]
    with connection.cursor() as cursor:
        cursor.execute(_LEARN, [lead.workspace_id, lead.pk, now, kinds, values])
        gained = [value for (value,) in cursor.fetchall()]
    if gained:
        heed_suppressions(lead=lead, names=[name for name in identities if name[1] in gained], now=now)
    return gained
