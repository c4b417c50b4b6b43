"""One page of the inbox list, in a fixed number of queries."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from crm.models import Identity, User
from handover.models import Booking, Handover, LadderStep
from handover.models.bookings import BookingState
from handover.models.handovers import OPEN_STATES, HandoverState, StepState
from inbox import words
from inbox.desk import Desk
from inbox.queries.folders import CLOSING, View, belonging_to
from inbox.queries.ladder import NextStep, next_step
from inbox.queries.names import names_of
from messaging.models import Conversation, Floor, Message, ServiceWindow
from messaging.models.conversations import ConversationStatus
from messaging.models.messages import Voice

PAGE = 40
MOST = 200
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FAR = datetime(2200, 1, 1, tzinfo=UTC)
"""Where a handover without a next step is sorted: after all that have one."""


@dataclass(frozen=True, slots=True)
class Tag:
    text: str
    tone: str
    next: NextStep | None = None


@dataclass(frozen=True, slots=True)
class Row:
    id: int
    who: str
    when: str
    since: datetime | None
    preview: str
    tone: str
    tag: Tag
    notes: tuple[str, ...]
    unread: int
    cursor: str


@dataclass(frozen=True, slots=True)
class Page:
    view: View
    search: str
    rows: tuple[Row, ...]
    older: str | None


class UnreadableCursor(ValueError):
    """A cursor that this list did not hand out."""


def page_of(desk: Desk, view: View, *, search: str = "", before: str = "", until: str = "", now: datetime) -> Page:
    """A page of rows after the cursor `before`, or everything down to the cursor `until` (a page being refreshed)."""
    found = _found(desk, view, search, now)
    limit = MOST if until else PAGE
    if before:
        found = found.filter(_beyond(view, *_position(before)))
    if until:
        found = found.exclude(_beyond(view, *_position(until)))
    conversations = list(found[: limit + 1])
    rows = tuple(_rows(desk, view, conversations[:limit], now))
    more = len(conversations) > limit or bool(until and rows and _has_more(desk, view, search, rows[-1].cursor, now))
    return Page(view, search, rows, rows[-1].cursor if rows and more else None)


def _has_more(desk: Desk, view: View, search: str, cursor: str, now: datetime) -> bool:
    return _found(desk, view, search, now).filter(_beyond(view, *_position(cursor))).exists()


def _found(desk: Desk, view: View, search: str, now: datetime) -> QuerySet[Conversation]:
    found: QuerySet[Conversation] = Conversation.objects.filter(workspace=desk.workspace)
    found = found.filter(belonging_to(view.key, desk.user, now))
    sort = Coalesce(Subquery(_next_due()), Value(FAR)) if view.by_next_step else F("last_message_at")
    found = found.select_related("lead", "channel", "assignee", "lead__floor__user")
    found = _matching(found, search) if search else found
    order = ("sort_at", "pk") if view.by_next_step else ("-sort_at", "-pk")
    return found.annotate(sort_at=sort).order_by(*order)


def _next_due() -> Any:
    pending = LadderStep.objects.filter(
        handover__conversation=OuterRef("pk"), handover__state__in=OPEN_STATES, state=StepState.PENDING
    )
    return pending.order_by("due_at").values("due_at")[:1]


def _matching(found: QuerySet[Conversation], search: str) -> QuerySet[Conversation]:
    said = Message.objects.filter(conversation=OuterRef("pk"), body__icontains=search).order_by("-position")
    digits = "".join(filter(str.isdigit, search))
    named = Q(value__icontains=search) | (Q(value__contains=digits) if len(digits) > 3 else Q())
    known = Identity.objects.filter(named, lead=OuterRef("lead"))
    return found.annotate(said=Subquery(said.values("body")[:1])).filter(
        Q(said__isnull=False) | Q(lead__name__icontains=search) | Q(lead__company__icontains=search) | Exists(known)
    )


def _cursor(conversation: Conversation) -> str:
    """Microseconds and id: exact, unlike a float of seconds."""
    sort_at: datetime = conversation.sort_at  # type: ignore[attr-defined]
    return f"{(sort_at - EPOCH) // timedelta(microseconds=1)}~{conversation.pk}"


def _position(cursor: str) -> tuple[datetime, int]:
    microseconds, _, pk = cursor.partition("~")
    try:
        return EPOCH + timedelta(microseconds=int(microseconds)), min(int(pk), 2**62)
    except (ValueError, OverflowError) as error:
        raise UnreadableCursor(f"{cursor!r} is not a place in this list.") from error


def _beyond(view: View, at: datetime, pk: int) -> Q:
    if view.by_next_step:
        return Q(sort_at__gt=at) | Q(sort_at=at, pk__gt=pk)
    return Q(sort_at__lt=at) | Q(sort_at=at, pk__lt=pk)


def _rows(desk: Desk, view: View, page: list[Conversation], now: datetime) -> Iterable[Row]:
    ids = [conversation.pk for conversation in page]
    names = names_of(conversation.lead for conversation in page)
    handovers = {
        handover.conversation_id: handover
        for handover in Handover.objects.filter(conversation__in=ids, state__in=OPEN_STATES).prefetch_related("steps")
    }
    windows = {
        (window.conversation_id, window.channel_id): window
        for window in ServiceWindow.objects.filter(conversation__in=ids)
    }
    bookings = {
        booking.lead_id: booking
        for booking in Booking.objects.filter(
            lead__in=[conversation.lead_id for conversation in page],
            state=BookingState.BOOKED,
            starts_at__gt=now,
        ).order_by("-starts_at")
    }
    for conversation in page:
        handover = handovers.get(conversation.pk)
        window = windows.get((conversation.pk, conversation.channel_id))
        tag = _tag(desk, conversation, handover, bookings.get(conversation.lead_id), now)
        yield Row(
            id=conversation.pk,
            who=names[conversation.lead_id],
            when=_when(conversation, handover, now, desk),
            since=handover.requested_at if handover else None,
            preview=_preview(conversation, desk.user),
            tone=tag.tone,
            tag=tag,
            notes=tuple(_notes(conversation, handover, window, now)),
            unread=conversation.unread,
            cursor=_cursor(conversation),
        )


def _when(conversation: Conversation, handover: Handover | None, now: datetime, desk: Desk) -> str:
    if handover:
        return words.short_duration(now - handover.requested_at)
    return words.list_time(conversation.last_message_at, now, desk.zone)


def floor_of(conversation: Conversation) -> Floor | None:
    return getattr(conversation.lead, "floor", None)


def is_held_by_person(conversation: Conversation) -> bool:
    floor = floor_of(conversation)
    return floor is not None and floor.holder == "human"


def _tag(
    desk: Desk, conversation: Conversation, handover: Handover | None, booking: Booking | None, now: datetime
) -> Tag:
    if handover and handover.state == HandoverState.WAITING:
        following = next_step(handover.steps.all())
        if following is None:
            return Tag("waiting", "waiting")
        return Tag(f"{following.word} in {words.short_duration(following.due_at - now)}", "waiting", following)
    if is_held_by_person(conversation):
        holder = conversation.lead.floor.user
        return Tag("you" if holder == desk.user else (holder.get_short_name() if holder else "person"), "human")
    if handover:
        return Tag("call back owed", "waiting")
    if booking and booking.starts_at:
        return Tag(f"booked {words.near_time(booking.starts_at, now, desk.zone)}", "bridge")
    if conversation.status == ConversationStatus.RESOLVED:
        return Tag("resolved", "quiet")
    if conversation.last_voice == Voice.MARKETING:
        return Tag("nurturing", "marketing")
    return Tag("AI", "ai")


def _preview(conversation: Conversation, user: User) -> str:
    said = getattr(conversation, "said", None)
    if said:
        return f"“{said[:160]}”"
    speaker = {Voice.AI: "AI: ", Voice.HUMAN: f"{_person(conversation, user)}: "}
    return speaker.get(Voice(conversation.last_voice or Voice.CUSTOMER), "") + conversation.last_preview


def _person(conversation: Conversation, user: User) -> str:
    floor = floor_of(conversation)
    person = (floor.user if floor else None) or conversation.assignee
    if person is None:
        return "Team"
    return "You" if person == user else person.get_short_name()


def _notes(
    conversation: Conversation, handover: Handover | None, window: ServiceWindow | None, now: datetime
) -> Iterable[str]:
    yield words.channel_label(conversation.channel.kind)
    if conversation.lead.is_vip:
        yield "VIP"
    if handover and handover.claimed_by_id:
        yield "claimed"
    if window and window.closes_at and now < window.closes_at <= now + CLOSING:
        yield f"closes in {words.short_duration(window.closes_at - now)}"
    elif window and window.closes_at and window.closes_at <= now and conversation.status == ConversationStatus.OPEN:
        yield "window closed"
