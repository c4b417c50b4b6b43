"""The consent ledger: what a lead allowed or withdrew."""

from datetime import datetime

from crm.models import Consent, Lead
from crm.models.consent import ConsentState, HoldKind, Purpose

from .holds import place_hold, release_hold
from .trail import record_decision

EVERYTHING = (Purpose.SERVICE, Purpose.MARKETING)

SAID = {
    ConsentState.WITHDRAWN: "{lead} asked for no more {purposes} messages: “{proof}”.",
    ConsentState.GRANTED: "{lead} agreed to {purposes} messages: “{proof}”.",
}


def record_consent(
    *,
    lead: Lead,
    channel_kind: str,
    purposes: tuple[Purpose, ...],
    state: ConsentState,
    source: str,
    proof: str,
    now: datetime,
) -> None:
    """Add a ledger line for each purpose. A withdrawal of marketing also holds marketing on every channel."""
    for purpose in purposes:
        Consent.objects.create(
            workspace_id=lead.workspace_id,
            lead=lead,
            channel_kind=channel_kind,
            purpose=purpose,
            state=state,
            source=source,
            proof=proof,
            at=now,
        )
    words = SAID[state].format(lead=lead, purposes=" and ".join(purposes), proof=proof[:120])
    record_decision(
        lead=lead, actor="consent", kind=f"consent.{state}", reason=words, now=now, channel=channel_kind, source=source
    )
    if Purpose.MARKETING in purposes and state == ConsentState.WITHDRAWN:
        place_hold(lead=lead, kind=HoldKind.UNSUBSCRIBED, reason="Asked to stop.", until=None, now=now)
    if Purpose.MARKETING in purposes and state == ConsentState.GRANTED:
        release_hold(lead=lead, kind=HoldKind.UNSUBSCRIBED, reason="Opted in again.", now=now)


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
    """The state in force: `granted`, `withdrawn`, or None when the lead never said."""
    return (
        Consent.objects.filter(lead_id=lead_id, channel_kind=channel_kind, purpose=purpose)
        .order_by("-at", "-id")
        .values_list("state", flat=True)
        .first()
    )


def newest_consent_at(lead_id: int, channel_kind: str, purpose: str) -> datetime | None:
    """When the lead last said anything about it."""
    said = Consent.objects.filter(lead_id=lead_id, channel_kind=channel_kind, purpose=purpose)
    return said.order_by("-at", "-id").values_list("at", flat=True).first()


def is_opted_out(lead_id: int, channel_kind: str, purpose: str) -> bool:
    return consent_state(lead_id, channel_kind, purpose) == ConsentState.WITHDRAWN
