"""The handover queue: who waits, since when, what comes next; and the numbers above it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Exists, Min, OuterRef, Q

from handover.models import Booking, Handover
from handover.models.bookings import BookingState
from handover.models.handovers import OPEN_STATES, HandoverState
from inbox import words
from inbox.desk import Desk
from inbox.queries.ladder import Ladder, ladder_of
from inbox.queries.names import names_of

LOOKED_BACK = timedelta(days=30)
MOST = 200


@dataclass(frozen=True, slots=True)
class Waiting:
    id: int
    conversation_id: int
    who: str
    company: str
    channel: str
    request: str
    trigger: str
    is_vip: bool
    claimed_by: str
    is_mine: bool
    ladder: Ladder


@dataclass(frozen=True, slots=True)
class Numbers:
    open: int
    callbacks: int
    longest: str
    longest_since: datetime | None
    ended: int
    abandoned: int


@dataclass(frozen=True, slots=True)
class Queue:
    numbers: Numbers
    waiting: tuple[Waiting, ...]
    callbacks: tuple[Waiting, ...]


def read_queue(desk: Desk, *, now: datetime) -> Queue:
    """Whoever's next step comes first stands first; callbacks by how long they have been owed."""
    handovers = (
        Handover.objects.filter(workspace=desk.workspace, state__in=OPEN_STATES)
        .select_related("lead", "conversation__channel", "claimed_by")
        .prefetch_related("steps")
        .order_by("requested_at")[:MOST]
    )
    names = names_of(handover.lead for handover in handovers)
    rows = [_waiting(handover, names, desk, now) for handover in handovers]
    waiting = [row for row in rows if not row.ladder.is_callback]
    waiting.sort(key=lambda row: row.ladder.next.due_at if row.ladder.next else now)
    return Queue(read_numbers(desk, now=now), tuple(waiting), tuple(row for row in rows if row.ladder.is_callback))


def read_numbers(desk: Desk, *, now: datetime) -> Numbers:
    """Abandoned: ended with neither a person's answer, nor a booked call, nor a resolution by a person."""
    booked = Booking.objects.filter(handover=OuterRef("pk"), state=BookingState.BOOKED)
    is_open = Q(state__in=OPEN_STATES)
    # a renewed request goes on in its successor: it is neither ended nor abandoned
    ended = Q(ended_at__gte=now - LOOKED_BACK) & ~Q(state=HandoverState.RENEWED)
    cared_for = (
        Q(answered_at__isnull=False)
        | Q(state__in=[HandoverState.ANSWERED, HandoverState.BOOKED, HandoverState.RESOLVED])
        | Q(Exists(booked))
    )
    counted = Handover.objects.filter(workspace=desk.workspace).aggregate(
        open=Count("pk", filter=is_open),
        callbacks=Count("pk", filter=Q(state=HandoverState.CALLBACK)),
        since=Min("requested_at", filter=is_open),
        ended=Count("pk", filter=ended),
        abandoned=Count("pk", filter=ended & ~cared_for),
    )
    since = counted.pop("since")
    return Numbers(**counted, longest=words.short_duration(now - since) if since else "", longest_since=since)


def _waiting(handover: Handover, names: dict[int, str], desk: Desk, now: datetime) -> Waiting:
    lead = handover.lead
    return Waiting(
        id=handover.pk,
        conversation_id=handover.conversation_id,
        who=names[lead.pk],
        company=lead.company,
        channel=words.channel_label(handover.conversation.channel.kind),
        request=handover.request,
        trigger=handover.get_trigger_display().lower(),
        is_vip=lead.is_vip,
        claimed_by=str(handover.claimed_by) if handover.claimed_by else "",
        is_mine=handover.claimed_by_id == desk.user.pk,
        ladder=ladder_of(handover, now=now, zone=desk.zone),
    )
