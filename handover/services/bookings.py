"""Bookings: what Calendly's events make of an offered link. Events may come in any order and more than once."""

from datetime import datetime

from django.db import transaction

from agents.alerts import alert_staff
from agents.qualification.scoring import ask_rescore
from crm.models import Lead
from crm.models.activity import ActivityKind
from crm.models.consent import HoldKind
from crm.services.activity import record_activity
from crm.services.holds import place_hold, release_hold
from crm.services.trail import record_decision
from handover.calendly.payloads import BookingEvent, EventName, UnrelatedEvent, read_event
from handover.calendly.webhook import parse_event
from handover.models import Booking
from handover.models.bookings import BookingState
from handover.models.handovers import HandoverState
from messaging.models import Conversation, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.conversations import lock_conversation, next_seq

from .handovers import end_handover, open_handover


class UnknownBooking(LookupError):
    """No link with this token was ever offered."""


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    """Apply one stored Calendly event; raises UnreadableEvent. One that concerns none of our links is ignored."""
    try:
        said = read_event(parse_event(bytes(event.body)))
    except UnrelatedEvent:
        return EventState.IGNORED
    booking = find_booking(event.workspace_id, said)
    if booking is None:
        return EventState.IGNORED
    with transaction.atomic():
        conversation = lock_conversation(Conversation.objects.get(lead_id=booking.lead_id).pk)
        booking = Booking.objects.select_related("lead").get(pk=booking.pk)
        APPLY[said.event](booking, said, conversation, now)
        next_seq(conversation)
    return EventState.APPLIED


def record_booking(*, token: str, starts_at: datetime, now: datetime, email: str = "") -> Booking:
    """A call booked through an offered link. Raises UnknownBooking."""
    offered = Booking.objects.filter(token=token).first()
    if offered is None:
        raise UnknownBooking("This booking link is not known.")
    with transaction.atomic():
        conversation = lock_conversation(Conversation.objects.get(lead_id=offered.lead_id).pk)
        booking = Booking.objects.select_related("lead").get(pk=offered.pk)
        said = BookingEvent(EventName.CREATED, now, f"direct:{token}", token=token, email=email, starts_at=starts_at)
        _created(booking, said, conversation, now)
        next_seq(conversation)
    return booking


def find_booking(workspace_id: int, said: BookingEvent) -> Booking | None:
    """By our token, else by an invitee that the booking knows: its own, or one left behind by a reschedule."""
    known = Booking.objects.filter(workspace_id=workspace_id)
    if said.token and (found := known.filter(token=said.token).first()):
        return found
    for uri in filter(None, (said.invitee_uri, said.old_invitee, said.new_invitee)):
        found = known.filter(invitee_uri=uri).first() or known.filter(superseded_uris__contains=[uri]).first()
        if found:
            return found
    return None


def _created(booking: Booking, said: BookingEvent, conversation: Conversation, now: datetime) -> None:
    """A call is booked, or moved: then the old invitee is left behind."""
    if said.invitee_uri == booking.invitee_uri or said.invitee_uri in booking.superseded_uris:
        return
    left_behind = [uri for uri in (said.old_invitee, booking.invitee_uri) if uri]
    is_move = booking.state == BookingState.BOOKED or bool(said.old_invitee)
    booking.superseded_uris = list(dict.fromkeys([*booking.superseded_uris, *left_behind]))
    booking.state = BookingState.BOOKED
    booking.invitee_uri = said.invitee_uri
    booking.invitee_email = said.email
    booking.booked_at = booking.booked_at or now
    booking.starts_at = said.starts_at
    booking.ends_at = said.ends_at
    booking.ended_at = None
    booking.save(
        update_fields=[
            "superseded_uris",
            "state",
            "invitee_uri",
            "invitee_email",
            "booked_at",
            "starts_at",
            "ends_at",
            "ended_at",
        ]
    )
    _tell(booking, "booking.rescheduled" if is_move else "booking.booked", _when(booking, conversation), now)
    place_hold(
        lead=booking.lead,
        kind=HoldKind.BOOKING_PENDING,
        reason="a booked call is pending",
        until=booking.starts_at,
        now=now,
    )
    record_activity(lead=booking.lead, kind=ActivityKind.CALENDLY_BOOK, key=f"booking:{booking.pk}", now=now)
    ask_rescore(lead=booking.lead, now=now)
    _end_ladder(booking, conversation, now)
    _alert(booking, conversation, "moved the call" if is_move else "booked a call", now)


def _canceled(booking: Booking, said: BookingEvent, conversation: Conversation, now: datetime) -> None:
    """Half of a reschedule changes nothing by itself; a real cancellation ends the booking."""
    if said.invitee_uri not in booking.superseded_uris and said.invitee_uri != booking.invitee_uri:
        booking.superseded_uris = [*booking.superseded_uris, said.invitee_uri]
        booking.save(update_fields=["superseded_uris"])
    if said.is_reschedule or (booking.invitee_uri and said.invitee_uri != booking.invitee_uri):
        return
    if booking.state == BookingState.CANCELED:
        return
    booking.state = BookingState.CANCELED
    booking.cancel_reason = said.cancel_reason
    booking.ended_at = now
    booking.save(update_fields=["state", "cancel_reason", "ended_at"])
    by = f" by {said.canceled_by}" if said.canceled_by else ""
    why = f": “{said.cancel_reason}”" if said.cancel_reason else ""
    _tell(booking, "booking.canceled", f"The call was canceled{by}{why}.", now)
    release_hold(lead=booking.lead, kind=HoldKind.BOOKING_PENDING, reason="The booked call was canceled.", now=now)
    _alert(booking, conversation, "canceled the call", now)


def _no_show(booking: Booking, said: BookingEvent, conversation: Conversation, now: datetime) -> None:
    if booking.state != BookingState.BOOKED or said.invitee_uri in booking.superseded_uris:
        return
    booking.state = BookingState.NO_SHOW
    booking.ended_at = now
    booking.save(update_fields=["state", "ended_at"])
    _tell(booking, "booking.no_show", "The customer did not come to the call.", now)
    release_hold(lead=booking.lead, kind=HoldKind.BOOKING_PENDING, reason="The call was missed.", now=now)
    _alert(booking, conversation, "did not come to the call", now)


def _showed_up(booking: Booking, said: BookingEvent, conversation: Conversation, now: datetime) -> None:
    """The no-show mark was taken back."""
    if booking.state != BookingState.NO_SHOW:
        return
    booking.state = BookingState.BOOKED
    booking.ended_at = None
    booking.save(update_fields=["state", "ended_at"])
    _tell(booking, "booking.booked", "The no-show mark was taken back.", now)


APPLY = {
    EventName.CREATED: _created,
    EventName.CANCELED: _canceled,
    EventName.NO_SHOW_MARKED: _no_show,
    EventName.NO_SHOW_REMOVED: _showed_up,
}


def _end_ladder(booking: Booking, conversation: Conversation, now: datetime) -> None:
    handover = open_handover(conversation)
    if handover is not None:
        end_handover(handover=handover, state=HandoverState.BOOKED, reason="a call is booked", now=now)


def _when(booking: Booking, conversation: Conversation) -> str:
    if booking.starts_at is None:
        return "A call is booked."
    return f"A call is booked for {booking.starts_at.astimezone(conversation.workspace.zone):%A %d %B, %H:%M}."


def _tell(booking: Booking, kind: str, reason: str, now: datetime) -> None:
    record_decision(
        lead=booking.lead,
        actor="bridge",
        kind=kind,
        reason=reason,
        now=now,
        booking=booking.pk,
        starts_at=booking.starts_at.isoformat() if booking.starts_at else None,
    )


def _alert(booking: Booking, conversation: Conversation, what: str, now: datetime) -> None:
    lead: Lead = booking.lead
    alert_staff(
        conversation=conversation,
        headline=f"{lead} {what}",
        text=_when(booking, conversation),
        key=f"booking:{booking.pk}:{booking.state}:{booking.invitee_uri}"[:120],
        now=now,
        booking=booking.pk,
    )
