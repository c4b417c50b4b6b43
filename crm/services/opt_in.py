"""Double opt-in: consent that counts once the person has followed a link that only they were sent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.core.signing import BadSignature, Signer
from django.db import transaction

from crm.models import Consent, Lead, User
from crm.models.consent import ConsentState, Purpose
from project.kernel.scope import across_workspaces

from .consent import Evidence, consent_state, record_consent
from .leads import survivor_of
from .preferences import UnknownLink

LINK_LASTS = timedelta(days=30)


class Confirmed(StrEnum):
    NOW = "now"
    BEFORE = "before"
    TOO_LATE = "too_late"  # the link is old, or they opted out since


@dataclass(frozen=True, slots=True)
class Asked:
    """What a link is about."""

    consent: Consent
    lead: Lead


def _signer() -> Signer:
    return Signer(salt="crm.opt_in", sep=".")


@transaction.atomic
def request_opt_in(
    *, lead: Lead, channel_kind: str, source: str, reason: str, user: User | None, now: datetime, text_shown: str = ""
) -> Consent | None:
    """A pending line of the ledger; None when there is consent already. Asking again gives a new link."""
    lead = survivor_of(lead)
    if consent_state(lead.pk, channel_kind, Purpose.MARKETING) == ConsentState.GRANTED:
        return None
    (pending,) = record_consent(
        lead=lead,
        channel_kind=channel_kind,
        purposes=(Purpose.MARKETING,),
        state=ConsentState.PENDING,
        source=source[:64],
        proof=reason,
        evidence=Evidence(user, text_shown),
        now=now,
    )
    return pending


def confirmation_url(pending: Consent, *, base_url: str) -> str:
    return f"{base_url.rstrip('/')}/p/confirm/{_signer().sign(str(pending.pk))}/"


def read_confirmation(token: str) -> Asked:
    """Raises UnknownLink."""
    try:
        number = int(_signer().unsign(token))
    except (BadSignature, ValueError) as error:
        raise UnknownLink("This link is not complete, or was not made here.") from error
    with across_workspaces():
        pending = Consent.objects.select_related("lead__workspace", "lead__merged_into").filter(pk=number).first()
    if pending is None:
        raise UnknownLink("The person of this link is no longer known here.")
    return Asked(pending, pending.lead)


@transaction.atomic
def confirm_opt_in(*, asked: Asked, now: datetime) -> Confirmed:
    """Consent, once. What the person said since the mail counts more than the mail."""
    lead, pending = survivor_of(asked.lead), asked.consent
    said = Consent.objects.filter(lead=lead, channel_kind=pending.channel_kind, purpose=pending.purpose)
    newest = said.order_by("-at", "-id").first()
    if newest is not None and newest.state == ConsentState.GRANTED:
        return Confirmed.BEFORE
    if newest is None or newest.state == ConsentState.WITHDRAWN or now - pending.at > LINK_LASTS:
        return Confirmed.TOO_LATE
    record_consent(
        lead=lead,
        channel_kind=pending.channel_kind,
        purposes=(Purpose(pending.purpose),),
        state=ConsentState.GRANTED,
        source="link",
        proof=f"followed the link of the message about request {pending.pk}",
        evidence=Evidence(text_shown=pending.text_shown),
        now=now,
    )
    return Confirmed.NOW
