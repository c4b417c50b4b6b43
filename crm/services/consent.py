"""The consent ledger: what a lead allowed or withdrew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from crm.models import Consent, Lead, Suppression, User
from crm.models.consent import ConsentState, HoldKind, Purpose
from project.kernel.errors import WrongValues

from .holds import place_hold, release_hold
from .leads import spellings_of, survivor_of
from .trail import record_decision

EVERYTHING = (Purpose.SERVICE, Purpose.MARKETING)

SAID = {
    ConsentState.WITHDRAWN: "{lead} asked for no more {purposes} messages: “{proof}”.",
    ConsentState.GRANTED: "{lead} agreed to {purposes} messages: “{proof}”.",
    ConsentState.PENDING: "{lead} was asked to confirm {purposes} messages: “{proof}”.",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What stands behind a line of the ledger besides its source: who wrote it down, and what the lead read."""

    user: User | None = None
    text_shown: str = ""


BARE = Evidence()


@transaction.atomic(savepoint=False)
def record_consent(
    *,
    lead: Lead,
    channel_kind: str,
    purposes: tuple[Purpose, ...],
    state: ConsentState,
    source: str,
    proof: str,
    now: datetime,
    evidence: Evidence = BARE,
) -> list[Consent]:
    """Add a ledger line for each purpose. A withdrawal of marketing also holds marketing on every channel.

    What somebody said who is being merged at this moment counts for the lead that they become.
    """
    lead = survivor_of(lead)
    said: dict[str, Any] = {"channel_kind": channel_kind, "state": state, "source": source, "proof": proof, "at": now}
    said |= {"workspace_id": lead.workspace_id, "lead": lead, "user": evidence.user, "text_shown": evidence.text_shown}
    lines = Consent.objects.bulk_create([Consent(purpose=purpose, **said) for purpose in purposes])
    words = SAID[state].format(lead=lead, purposes=" and ".join(purposes), proof=proof[:120])
    record_decision(
        lead=lead,
        actor=str(evidence.user or "consent"),
        kind=f"consent.{state}",
        reason=f"{evidence.user} noted: {words}" if evidence.user else words,
        now=now,
        channel=channel_kind,
        source=source,
    )
    if Purpose.MARKETING in purposes:
        _follow_marketing(lead, state, now)
    return lines


def _follow_marketing(lead: Lead, state: ConsentState, now: datetime) -> None:
    if state == ConsentState.WITHDRAWN:
        place_hold(lead=lead, kind=HoldKind.UNSUBSCRIBED, reason="Asked to stop.", until=None, now=now)
    elif state == ConsentState.GRANTED:
        release_hold(lead=lead, kind=HoldKind.UNSUBSCRIBED, reason="Opted in again.", now=now)
        _lift_suppressions(lead, now)


def _lift_suppressions(lead: Lead, now: datetime) -> None:
    """What somebody says themselves, later, counts more than a list that they stood on."""
    values = [value for each in lead.identities.all() for _, value in spellings_of(each.kind, each.value)]
    standing = Suppression.objects.filter(workspace_id=lead.workspace_id, value__in=[*values, lead.email.lower()])
    standing.filter(lifted_at=None).update(lifted_at=now)


def note_consent(
    *,
    lead: Lead,
    channel_kind: str,
    purposes: tuple[Purpose, ...],
    state: ConsentState,
    source: str,
    reason: str,
    user: User,
    now: datetime,
    text_shown: str = "",
) -> list[Consent]:
    """A colleague writes down what the lead said elsewhere. Raises WrongValues without a source and a reason."""
    given = {"source": source.strip(), "reason": reason.strip()}
    if missing := {
        name: "is required: who reads this later must be able to trust it" for name in given if not given[name]
    }:
        raise WrongValues(missing)
    return record_consent(
        lead=lead,
        channel_kind=channel_kind,
        purposes=purposes,
        state=state,
        source=given["source"][:64],
        proof=given["reason"],
        evidence=Evidence(user, text_shown),
        now=now,
    )


def record_provider_opt_out(
    *, lead: Lead, channel_kind: str, proof: str, now: datetime, purposes: tuple[Purpose, ...] = EVERYTHING
) -> None:
    """The provider says that this person wants no more of it from us there: a block, STOP, a refused message."""
    record_consent(
        lead=lead,
        channel_kind=channel_kind,
        purposes=purposes,
        state=ConsentState.WITHDRAWN,
        source="provider",
        proof=proof,
        now=now,
    )


def consent_state(lead_id: int, channel_kind: str, purpose: str) -> str | None:
    """The state in force: `granted`, `withdrawn`, `pending`, or None when the lead never said."""
    return (
        Consent.objects.filter(lead_id=lead_id, channel_kind=channel_kind, purpose=purpose)
        .order_by("-at", "-id")
        .values_list("state", flat=True)
        .first()
    )


def consents_in_force(lead_id: int) -> Sequence[Consent]:
    """The newest line of each channel and purpose."""
    lines = Consent.objects.filter(lead_id=lead_id).select_related("user")
    return list(lines.order_by("channel_kind", "purpose", "-at", "-id").distinct("channel_kind", "purpose"))


def newest_consent_at(lead_id: int, channel_kind: str, purpose: str) -> datetime | None:
    """When the lead last said anything about it."""
    said = Consent.objects.filter(lead_id=lead_id, channel_kind=channel_kind, purpose=purpose)
    return said.order_by("-at", "-id").values_list("at", flat=True).first()


def is_opted_out(lead_id: int, channel_kind: str, purpose: str) -> bool:
    return consent_state(lead_id, channel_kind, purpose) == ConsentState.WITHDRAWN
