"""One conversation as a person reads it: what was said, by whom, what was withheld and why, and what happened."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import QuerySet

from crm.access import MAY
from crm.models import Membership, TrailEntry, User
from handover.models import Handover
from handover.models.handovers import OPEN_STATES
from inbox import words
from inbox.desk import Desk
from inbox.queries.fates import with_doubts
from inbox.queries.ladder import Ladder, ladder_of
from inbox.queries.listing import floor_of
from inbox.queries.names import name_of
from inbox.queries.speech import Event, Said, event_of, said_of, told_kinds
from messaging.models import Conversation, Message, ServiceWindow
from messaging.models.conversations import ConversationStatus
from messaging.services.links import links_with_clicks
from messaging.transports import capabilities_of

PAGE = 50
MOST_CHANGES = 200
RECENT_EVENTS = 30


@dataclass(frozen=True, slots=True)
class Day:
    id: str
    label: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Person:
    id: int
    name: str
    short: str


@dataclass(frozen=True, slots=True)
class Header:
    """Everything around the messages: who it is, who has the voice, what may be done."""

    id: int
    lead_id: int
    seq: int
    unread: int
    who: str
    company: str
    channel: str
    window: str
    window_closed: bool
    has_templates: bool
    is_vip: bool
    is_resolved: bool
    holder: str
    holder_name: str
    is_mine: bool
    returns: str
    assignee: Person | None
    members: tuple[Person, ...]
    ladder: Ladder | None
    claimed_by: str

    @property
    def is_held(self) -> bool:
        return self.holder == "human"


@dataclass(frozen=True, slots=True)
class Thread:
    header: Header
    items: tuple[Said | Event | Day, ...]
    earlier: int | None


@dataclass(frozen=True, slots=True)
class Changes:
    """What a screen that saw `seq` lacks. `is_whole` is false when there is too much: the page loads anew."""

    header: Header
    items: tuple[Said | Event | Day, ...]
    is_whole: bool


def read_thread(desk: Desk, conversation: Conversation, *, before: int | None = None, now: datetime) -> Thread:
    """The newest page of the thread, or the page before the position `before`."""
    found = _messages(conversation)
    if before is not None:
        found = found.filter(position__lt=before)
    newest_first = list(found.order_by("-position")[: PAGE + 1])
    messages = newest_first[:PAGE][::-1]
    more = len(newest_first) > PAGE
    since = messages[0].at if more else None
    until = _first_at(conversation, before) if before is not None else None
    events = _events(conversation, since=since, until=until)
    items = _in_order(desk, messages, events, now)
    return Thread(read_header(desk, conversation, now=now), items, messages[0].position if more else None)


def read_changes(desk: Desk, conversation: Conversation, *, seq: int, now: datetime) -> Changes:
    """The conversation row was read before its messages: a change in between is fetched twice, never missed."""
    messages = list(_messages(conversation).filter(seq__gt=seq).order_by("position")[: MOST_CHANGES + 1])
    events = list(_told(conversation).order_by("-id")[:RECENT_EVENTS])[::-1]
    page_starts = _messages(conversation).order_by("-position").values_list("at", flat=True)[PAGE - 1 : PAGE].first()
    events = [entry for entry in events if page_starts is None or entry.at >= page_starts]
    items = _in_order(desk, messages, events, now)
    return Changes(read_header(desk, conversation, now=now), items, len(messages) <= MOST_CHANGES)


def read_header(desk: Desk, conversation: Conversation, *, now: datetime) -> Header:
    lead, floor = conversation.lead, floor_of(conversation)
    handover = _open_handover(conversation)
    window = ServiceWindow.objects.filter(conversation=conversation, channel=conversation.channel_id).first()
    holder = floor.user if floor and floor.holder == "human" else None
    return Header(
        id=conversation.pk,
        lead_id=lead.pk,
        seq=conversation.seq,
        unread=conversation.unread,
        who=name_of(lead),
        company=lead.company,
        channel=words.channel_label(conversation.channel.kind),
        window=_window_words(window, now, desk),
        window_closed=bool(window and window.closes_at and window.closes_at <= now),
        has_templates=capabilities_of(conversation.channel.kind).templates,
        is_vip=lead.is_vip,
        is_resolved=conversation.status == ConversationStatus.RESOLVED,
        holder=floor.holder if floor else "",
        holder_name=holder.get_short_name() if holder else "",
        is_mine=holder == desk.user,
        returns=words.near_time(floor.returns_at, now, desk.zone) if floor and floor.returns_at else "",
        assignee=_person(conversation.assignee) if conversation.assignee else None,
        members=_who_may_reply(desk),
        ladder=ladder_of(handover, now=now, zone=desk.zone) if handover else None,
        claimed_by=str(handover.claimed_by) if handover and handover.claimed_by else "",
    )


def _messages(conversation: Conversation) -> QuerySet[Message]:
    found = Message.objects.filter(conversation=conversation).select_related("author", "channel")
    return with_doubts(found.prefetch_related("attachments", links_with_clicks()))


def _told(conversation: Conversation) -> QuerySet[TrailEntry]:
    return TrailEntry.objects.filter(lead=conversation.lead_id, kind__in=told_kinds())


def _events(conversation: Conversation, *, since: datetime | None, until: datetime | None) -> list[TrailEntry]:
    found = _told(conversation)
    if since:
        found = found.filter(at__gte=since)
    if until:
        found = found.filter(at__lt=until)
    return list(found.order_by("-id")[:MOST_CHANGES])[::-1]


def _first_at(conversation: Conversation, position: int) -> datetime | None:
    following = _messages(conversation).filter(position__gte=position).order_by("position")
    return following.values_list("at", flat=True).first()


def _in_order(
    desk: Desk, messages: list[Message], events: list[TrailEntry], now: datetime
) -> tuple[Said | Event | Day, ...]:
    """Messages by position, each event before the first message that came after it, a day before its first item."""
    said = [said_of(message, desk, now) for message in messages]
    told = [event_of(entry, desk) for entry in events]
    return tuple(_with_days(_merged(said, told), desk, now))


def _merged(said: list[Said], told: list[Event]) -> Iterator[Said | Event]:
    """Of one instant: what the customer said, what was decided about it, what was answered."""
    for message in said:
        while told and told[0].at_ms < message.at_ms + message.is_out:
            yield told.pop(0)
        yield message
    yield from told


def _with_days(items: Iterable[Said | Event], desk: Desk, now: datetime) -> Iterator[Said | Event | Day]:
    today = None
    for item in items:
        local = datetime.fromtimestamp(item.at_ms / 1000, tz=UTC).astimezone(desk.zone)
        if local.date() != today:
            today = local.date()
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
            yield Day(f"day-{today}", words.day_name(local, now, desk.zone), int(midnight.timestamp() * 1000))
        yield item


def _open_handover(conversation: Conversation) -> Handover | None:
    return (
        Handover.objects.filter(conversation=conversation, state__in=OPEN_STATES)
        .select_related("claimed_by")
        .prefetch_related("steps")
        .first()
    )


def _window_words(window: ServiceWindow | None, now: datetime, desk: Desk) -> str:
    if window is None or window.closes_at is None:
        return ""
    at = words.near_time(window.closes_at, now, desk.zone)
    return f"window open until {at}" if window.closes_at > now else f"window closed since {at}"


def _person(user: User) -> Person:
    return Person(user.pk, str(user), user.get_short_name())


def _who_may_reply(desk: Desk) -> tuple[Person, ...]:
    members = Membership.objects.filter(workspace=desk.workspace, role__in=MAY["reply"]).select_related("user")
    return tuple(sorted((_person(member.user) for member in members), key=lambda person: person.name.casefold()))
