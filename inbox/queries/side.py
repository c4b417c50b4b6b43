"""Beside the thread: who the lead is, and why everything happened."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from agents.coordinator import SPEAKERS
from agents.states import states_of
from crm.models import Consent, Hold, Identity, Lead, TrailEntry
from crm.models.people import IdentityKind
from crm.services.proposals import open_proposals
from handover.models import Booking
from handover.models.bookings import BookingState
from inbox import words
from inbox.desk import Desk
from inbox.queries.names import name_of, spaced_phone
from inbox.queries.turns import TurnTold, read_turns
from messaging.models import Conversation

TRAIL_PAGE = 40
FILTERS = {"story": "Story", "sent": "Sent", "unsent": "Not sent", "all": "All"}
"""The story leaves out what the thread shows anyway, and the machinery that an engineer looks for under “All”."""
SENT = ("message.queued", "ladder.fired", "booking.offered")
UNSENT = (
    "message.suppressed",
    "message.deferred",
    "message.failed",
    "message.unknown",
    "message.in_doubt",
    "ladder.withheld",
    "ladder.not_needed",
    "ladder.superseded",
    "turn.failed",
    "floor.busy",
)
SPOKEN = ("message.received", "message.queued", "message.accepted")
MACHINERY = ("floor.granted", "floor.released", "floor.busy", "turn.opened", "ladder.not_needed", "agent.")
HOLD_WORDS = {
    "in_conversation": "A conversation is going on",
    "human_requested": "Asked for a person",
    "booking_pending": "A booked call is pending",
    "in_sales_process": "In a sales process",
    "unsubscribed": "Unsubscribed",
}


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class LeadPanel:
    lead_id: int
    name: str
    company: str
    identities: tuple[Line, ...]
    language: str
    zone: str
    is_vip: bool
    since: str
    consents: tuple[Line, ...]
    holds: tuple[Line, ...]
    bookings: tuple[Line, ...]
    agents: tuple[Line, ...]
    answered_on: str
    twins: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    id: int
    time: str
    day: str
    text: str
    kind: str
    actor: str
    facts: tuple[tuple[str, str], ...]
    is_unsent: bool
    is_machinery: bool
    turn: TurnTold | None = None


@dataclass(frozen=True, slots=True)
class Trail:
    chosen: str
    filters: tuple[tuple[str, str], ...]
    reasons: tuple[Reason, ...]
    older: int | None


def read_lead(desk: Desk, conversation: Conversation, *, now: datetime) -> LeadPanel:
    lead = conversation.lead
    return LeadPanel(
        lead_id=lead.pk,
        name=lead.name,
        company=lead.company,
        identities=tuple(_identities(lead.pk, lead.email)),
        language=lead.language,
        zone=_zone(lead.timezone, now),
        is_vip=lead.is_vip,
        since=words.day_name(lead.created_at, now, desk.zone),
        consents=tuple(_consents(lead.pk, now, desk)),
        holds=tuple(_holds(lead.pk, now, desk)),
        bookings=tuple(_bookings(lead.pk, now, desk)),
        agents=tuple(_agents(lead)),
        answered_on=_answered_on(conversation),
        twins=tuple(_twins(lead)),
    )


def read_trail(
    desk: Desk, conversation: Conversation, *, chosen: str = "story", before: int | None = None, now: datetime
) -> Trail:
    found = TrailEntry.objects.filter(_belongs(chosen), lead=conversation.lead_id)
    if before is not None:
        found = found.filter(pk__lt=before)
    entries = list(found.order_by("-pk")[: TRAIL_PAGE + 1])
    shown = entries[:TRAIL_PAGE]
    turns = read_turns(shown)
    return Trail(
        chosen=chosen if chosen in FILTERS else "story",
        filters=tuple(FILTERS.items()),
        reasons=tuple(_reason(entry, desk, now, turns.get(entry.pk)) for entry in shown),
        older=shown[-1].pk if len(entries) > TRAIL_PAGE else None,
    )


def _belongs(chosen: str) -> Q:
    if chosen == "all":
        return Q()
    if chosen == "sent":
        return Q(kind__in=SENT)
    if chosen == "unsent":
        return Q(kind__in=UNSENT)
    machinery = Q(kind__startswith="agent.") | Q(kind__in=MACHINERY)
    return ~machinery & ~Q(kind__in=SPOKEN)


def _reason(entry: TrailEntry, desk: Desk, now: datetime, turn: TurnTold | None = None) -> Reason:
    day = words.day_name(entry.at, now, desk.zone)
    return Reason(
        id=entry.pk,
        time=words.clock_time(entry.at, desk.zone),
        day="" if day == "Today" else words.list_time(entry.at, now, desk.zone),
        text=entry.reason,
        kind=entry.kind,
        actor=entry.actor,
        facts=tuple((name, _plain(value)) for name, value in entry.facts.items() if value not in (None, "", [], {})),
        is_unsent=entry.kind in UNSENT,
        is_machinery=entry.kind.startswith(MACHINERY),
        turn=turn,
    )


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _identities(lead_id: int, email: str) -> Iterable[Line]:
    for identity in Identity.objects.filter(lead=lead_id).order_by("pk"):
        if identity.kind == IdentityKind.VISITOR:
            yield Line("Web chat visitor")
        elif identity.kind == IdentityKind.WHATSAPP:
            yield Line("WhatsApp id", identity.value)
        else:
            yield Line(spaced_phone(identity.value))
    if email:
        yield Line(email)


def _zone(name: str, now: datetime) -> str:
    if not name:
        return ""
    city = name.rpartition("/")[2].replace("_", " ")
    return f"{city}, {words.clock_time(now, ZoneInfo(name))} now"


def _consents(lead_id: int, now: datetime, desk: Desk) -> Iterable[Line]:
    newest = Consent.objects.filter(lead=lead_id).order_by("channel_kind", "purpose", "-at", "-pk")
    for consent in newest.distinct("channel_kind", "purpose"):
        said = words.list_time(consent.at, now, desk.zone)
        text = f"{consent.purpose} {consent.state}"
        yield Line(text, f"{words.channel_label(consent.channel_kind)}, {consent.source}, {said}")


def _holds(lead_id: int, now: datetime, desk: Desk) -> Iterable[Line]:
    for hold in Hold.objects.filter(lead=lead_id, released_at=None).order_by("pk"):
        if hold.until is None or hold.until > now:
            until = f"until {words.near_time(hold.until, now, desk.zone)}" if hold.until else "until released"
            yield Line(HOLD_WORDS.get(hold.kind, hold.kind), until)


def _bookings(lead_id: int, now: datetime, desk: Desk) -> Iterable[Line]:
    said = {
        BookingState.OFFERED: "Link offered",
        BookingState.BOOKED: "Booked",
        BookingState.CANCELED: "Cancelled",
        BookingState.NO_SHOW: "No-show",
    }
    for booking in Booking.objects.filter(lead=lead_id).order_by("-pk")[:3]:
        at = booking.starts_at or booking.offered_at
        yield Line(said[BookingState(booking.state)], words.near_time(at, now, desk.zone))


def _answered_on(conversation: Conversation) -> str:
    if conversation.preferred_channel_id is None:
        return ""
    preferred = conversation.preferred_channel
    return f"{words.channel_label(preferred.kind)} ({preferred.name})" if preferred else ""


def _twins(lead: Lead) -> Iterable[Line]:
    for proposal in open_proposals(lead):
        yield Line(name_of(proposal.second if proposal.first_id == lead.pk else proposal.first))


def _agents(lead: Lead) -> Iterable[Line]:
    """Those that may come to speak to this lead; the others rest."""
    states = states_of(lead)
    for agent in SPEAKERS:
        yield Line(agent.label, states[agent].label)
