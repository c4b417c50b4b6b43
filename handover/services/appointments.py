"""A call that the customer wishes for by themselves: free times and a single-use link, without any handover."""

import logging
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction

from agents.tools.ports import Appointment
from crm.models import Lead
from crm.services.trail import record_decision
from handover.calendly.client import CalendlyClient, CalendlyError, with_tracking
from handover.models import Booking, CalendlyConnection
from handover.models.bookings import BookingState, new_booking_token
from messaging.models import Conversation
from messaging.services.conversations import lock_conversation

from .links import email_of

logger = logging.getLogger(__name__)

LOOK_AHEAD = timedelta(days=7)
SOONEST = timedelta(hours=1)
MOST_TIMES = 3
CALENDLY_SECONDS = 2.5
LINK_STAYS_GOOD = timedelta(hours=24)
"""Asked again within it, the customer gets the link that they have: a second one would only confuse."""


def offer_appointment(*, lead_id: int, now: datetime) -> Appointment:
    """Calls Calendly, so never inside a transaction. An empty url: there is nothing to offer."""
    lead = Lead.objects.select_related("workspace").get(pk=lead_id)
    booked = lead.bookings.filter(state=BookingState.BOOKED, starts_at__gt=now).order_by("starts_at").first()
    if booked is not None:
        return Appointment(is_booked_at=booked.starts_at)
    offered = _from_calendly(lead, now) or Appointment(url=lead.workspace.booking_url)
    known = _known_link(lead, now)
    if known is not None:
        return replace(offered, url=known.url)
    if not offered.url:
        return offered
    return replace(offered, url=_record(lead, offered.url, now))


def _from_calendly(lead: Lead, now: datetime) -> Appointment | None:
    """None when Calendly is not connected or does not answer: then the workspace's plain address serves."""
    connection = CalendlyConnection.objects.filter(workspace_id=lead.workspace_id).first()
    if connection is None:
        return None
    try:
        with CalendlyClient(connection.secrets["token"], connection.api_base, timeout=CALENDLY_SECONDS) as client:
            start = now + SOONEST
            free = client.available_times(connection.event_type, start=start, end=start + LOOK_AHEAD)
            url = "" if _known_link(lead, now) else client.create_single_use_link(connection.event_type)
    except CalendlyError as error:
        logger.warning("calendly.failed", extra={"workspace": lead.workspace_id, "error": str(error)})
        return None
    return Appointment(url=url, times=_spread([each.starts_at for each in free]))


def _spread(times: list[datetime]) -> tuple[datetime, ...]:
    """The first time of each of the next days: a choice, not a list of ten quarters of an hour."""
    by_day = {moment.date(): moment for moment in sorted(times, reverse=True)}
    return tuple(sorted(by_day.values())[:MOST_TIMES])


def _known_link(lead: Lead, now: datetime) -> Booking | None:
    recent = lead.bookings.filter(state=BookingState.OFFERED, offered_at__gt=now - LINK_STAYS_GOOD)
    return recent.order_by("-offered_at").first()


@transaction.atomic
def _record(lead: Lead, url: str, now: datetime) -> str:
    """Remember the offer under the conversation's lock: the token tells whose booking it will be."""
    lock_conversation(Conversation.objects.get(lead_id=lead.pk).pk)
    known = _known_link(lead, now)
    if known is not None:
        return known.url
    token = new_booking_token()
    booking = Booking.objects.create(
        workspace_id=lead.workspace_id,
        lead=lead,
        token=token,
        url=with_tracking(url, token=token, name=lead.name, email=email_of(lead)),
        offered_at=now,
    )
    record_decision(
        lead=lead,
        actor="primary",
        kind="booking.offered",
        reason="A booked call was offered, because the customer asked for one.",
        now=now,
        booking=booking.pk,
    )
    return booking.url
