"""The booking link of a handover: a single-use Calendly link, else the workspace's plain booking address, else none."""

import logging
from dataclasses import dataclass
from datetime import datetime

from crm.models import Lead
from crm.services.trail import record_decision
from handover import hours, wording
from handover.calendly.client import CalendlyClient, CalendlyError, with_tracking
from handover.models import Booking, CalendlyConnection, Handover, HandoverPolicy
from handover.models.bookings import new_booking_token
from handover.words import words_in

from .policies import hours_of, policy_of

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Link:
    """What the bridge says and why. `token` travels in `utm_content` and names the booking; empty without a link."""

    url: str
    token: str
    template: str
    opens: str
    reason: str

    def record(self, *, handover: Handover, now: datetime) -> Booking | None:
        """Remember the offer, in the transaction that queues the words."""
        if not self.token:
            return None
        booking = Booking.objects.create(
            workspace_id=handover.workspace_id,
            lead=handover.lead,
            handover=handover,
            token=self.token,
            url=self.url,
            offered_at=now,
        )
        record_decision(
            lead=handover.lead,
            actor="bridge",
            kind="booking.offered",
            reason=f"A booked call was offered: {self.reason}.",
            now=now,
            booking=booking.pk,
            handover=handover.pk,
        )
        return booking


def offer_link(handover_id: int, now: datetime) -> Link:
    """Fetch a link for the handover; calls Calendly, so never inside a transaction."""
    handover = Handover.objects.select_related("lead", "workspace").get(pk=handover_id)
    policy = policy_of(handover.workspace)
    token = new_booking_token()
    url, reason = _booking_url(handover)
    if not url:
        words = words_in("en")["after_hours_without_link" if handover.after_hours else "bridge_without_link"]
        return Link("", "", words, _opens(handover, words, now), reason)
    tracked = with_tracking(url, token=token, name=handover.lead.name, email=email_of(handover.lead))
    words = _template(handover, policy)
    return Link(tracked, token, words, _opens(handover, words, now), reason)


def email_of(lead: Lead) -> str:
    return lead.email or lead.identities.filter(kind="email").values_list("value", flat=True).first() or ""


def _booking_url(handover: Handover) -> tuple[str, str]:
    """The address and how it was come by."""
    connection = CalendlyConnection.objects.filter(workspace=handover.workspace).first()
    plain = handover.workspace.booking_url
    if connection is None:
        return plain, "with the workspace's booking address" if plain else "without a link: no calendar is connected"
    try:
        with CalendlyClient(connection.secrets["token"], connection.api_base) as client:
            return client.create_single_use_link(connection.event_type), "with a single-use Calendly link"
    except CalendlyError as error:
        logger.warning("calendly.failed", extra={"workspace": handover.workspace_id, "error": str(error)})
        fallback = "with the workspace's booking address" if plain else "without a link"
        return plain, f"{fallback}, because Calendly did not give one ({error})"


def _template(handover: Handover, policy: HandoverPolicy) -> str:
    return policy.after_hours_text if handover.after_hours else policy.bridge_text


def _opens(handover: Handover, template: str, now: datetime) -> str:
    if "{opens}" not in template:
        return ""
    opening_hours = hours_of(handover.workspace)
    opening = hours.next_opening(opening_hours, now)
    return wording.return_in_words(opening, opening_hours, now, handover.lead.language)
