"""People who must get no marketing, known to us or not; lists of a hundred thousand are taken in whole."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from django.db import connection, transaction

from crm.models import Lead, Suppression, User, Workspace
from crm.models.consent import HoldKind
from crm.models.people import IdentityKind
from crm.phones import variants_of

from .holds import place_hold

BATCH = 10_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One person of a list; `value` is normalised."""

    kind: str
    value: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What an import changed: how many are new, how many were there, and how many of our leads were held."""

    added: int
    known: int
    leads: int


@transaction.atomic
def import_suppressions(
    *, workspace: Workspace, entries: Sequence[Entry], source: str, user: User | None, now: datetime
) -> Taken:
    """Take a list in; the same list again changes nothing. Whoever agreed to marketing since stays agreed."""
    unique = {(entry.kind, entry.value): entry for entry in entries}
    added = leads = 0
    for batch in _batches(unique.values()):
        fresh = _insert(workspace, batch, source, user, now)
        added += len(fresh)
        leads += _withdraw(workspace, fresh, source, user, now)
    return Taken(added=added, known=len(unique) - added, leads=leads)


def _batches(entries: Iterable[Entry]) -> Iterator[Sequence[Entry]]:
    rest = iter(entries)
    while batch := list(islice(rest, BATCH)):
        yield batch


_INSERT = """
    INSERT INTO crm_suppression (workspace_id, kind, value, reason, source, user_id, created_at)
    SELECT %(workspace)s, kind, value, reason, %(source)s, %(user)s, %(now)s
      FROM unnest(%(kinds)s::text[], %(values)s::text[], %(reasons)s::text[]) AS given (kind, value, reason)
    ON CONFLICT (workspace_id, kind, value) DO NOTHING
    RETURNING kind, value
"""


def _insert(
    workspace: Workspace, entries: Sequence[Entry], source: str, user: User | None, now: datetime
) -> list[tuple[str, str]]:
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "source": source[:64],
        "user": user.pk if user else None,
        "now": now,
        "kinds": [entry.kind for entry in entries],
        "values": [entry.value for entry in entries],
        "reasons": [entry.reason[:255] for entry in entries],
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        return list(cursor.fetchall())


# Those whom we know are held, their consent to marketing is withdrawn where it was given, and the trail says why.
_WITHDRAW = """
    WITH spelled AS (
        SELECT kind, value FROM unnest(%(kinds)s::text[], %(values)s::text[]) AS name (kind, value)
    ), found AS (
        SELECT identity.lead_id FROM crm_identity AS identity JOIN spelled USING (kind, value)
         WHERE identity.workspace_id = %(workspace)s
         UNION
        SELECT lead.id FROM crm_lead AS lead JOIN spelled ON kind = 'email' AND lower(lead.email) = value
         WHERE lead.workspace_id = %(workspace)s AND lead.email <> '' AND lead.merged_into_id IS NULL
    ), held AS (
        INSERT INTO crm_hold (workspace_id, lead_id, kind, reason, created_at)
        SELECT %(workspace)s, lead_id, 'unsubscribed', %(reason)s, %(now)s FROM found
        ON CONFLICT (lead_id, kind) WHERE released_at IS NULL DO NOTHING
    ), withdrawn AS (
        INSERT INTO crm_consent
            (workspace_id, lead_id, channel_kind, purpose, state, source, proof, text_shown, user_id, at)
        SELECT %(workspace)s, lead_id, newest.channel_kind, 'marketing', 'withdrawn', 'import', %(reason)s, '',
               %(user)s, %(now)s
          FROM found CROSS JOIN LATERAL (
               SELECT DISTINCT ON (channel_kind) channel_kind, state FROM crm_consent
                WHERE lead_id = found.lead_id AND purpose = 'marketing'
                ORDER BY channel_kind, at DESC, id DESC
          ) AS newest
         WHERE newest.state = 'granted'
    )
    INSERT INTO crm_trailentry (workspace_id, lead_id, at, actor, kind, reason, facts)
    SELECT %(workspace)s, lead_id, %(now)s, %(actor)s, 'consent.suppressed', %(reason)s, '{}' FROM found
"""


def _withdraw(
    workspace: Workspace, names: Sequence[tuple[str, str]], source: str, user: User | None, now: datetime
) -> int:
    spelled = [(kind, each) for kind, value in names for each in _spellings(kind, value)]
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "kinds": [kind for kind, _ in spelled],
        "values": [value for _, value in spelled],
        "reason": f"On the suppression list “{source}”.",
        "user": user.pk if user else None,
        "actor": str(user or "import")[:64],
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_WITHDRAW, values)
        return int(cursor.rowcount)


def _spellings(kind: str, value: str) -> list[str]:
    return variants_of(value) if kind == IdentityKind.PHONE else [value]


def heed_suppressions(*, lead: Lead, names: Iterable[tuple[str, str]], now: datetime) -> bool:
    """Hold marketing to somebody who stands on a list by one of these names; called when a lead gains names."""
    values = [each for kind, value in names for each in _spellings(kind, value)]
    if not values:
        return False
    standing = Suppression.objects.filter(
        workspace_id=lead.workspace_id, kind__in=["phone", "email"], value__in=values, lifted_at=None
    ).first()
    if standing is None:
        return False
    reason = f"{standing.value} is on the suppression list “{standing.source}”."
    place_hold(lead=lead, kind=HoldKind.UNSUBSCRIBED, reason=reason, until=None, now=now)
    return True
