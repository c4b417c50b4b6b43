"""Single lines of a thread: a message with its voice and fate, an event with its reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.models import TrailEntry
from inbox import words
from inbox.desk import Desk
from inbox.queries.attachments import Shown, attachments_of
from inbox.queries.fates import may_be_there, meaning_of
from messaging.contents import contents_of
from messaging.models import Message, TrackedLink
from messaging.models.messages import Direction, MessageStatus, Voice


@dataclass(frozen=True, slots=True)
class Said:
    """A message. `unsent` is why it stands dashed: nothing at all when it went its way.

    `offer` is what a person may decide about it: to `replay` it, to do so in spite of a `doubt`, to `override` one.
    """

    id: str
    position: int
    at_ms: int
    time: str
    is_out: bool
    tone: str
    by: str
    body: str
    attachments: tuple[Shown, ...]
    ticks: str
    ticks_told: str
    is_read: bool
    unsent: str
    why: str
    advice: str
    is_trouble: bool
    offer: str
    notes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    kind: str = "message"


@dataclass(frozen=True, slots=True)
class Event:
    id: str
    at_ms: int
    time: str
    tone: str
    tag: str
    text: str
    kind: str = "event"


TOLD = {
    "handover.requested": ("handover", "waiting"),
    "handover.claimed": ("claimed", "human"),
    "handover.answered": ("answered", "human"),
    "handover.ended": ("handover ended", "quiet"),
    "ladder.withheld": ("step withheld", "quiet"),
    "floor.taken_over": ("taken over", "human"),
    "floor.returned": ("back to AI", "ai"),
    "booking.booked": ("booked", "bridge"),
    "booking.rescheduled": ("rescheduled", "bridge"),
    "booking.canceled": ("booking cancelled", "bridge"),
    "booking.no_show": ("no-show", "bridge"),
    "consent.withdrawn": ("opted out", "waiting"),
    "consent.granted": ("opted in", "quiet"),
    "conversation.resolved": ("resolved", "quiet"),
    "conversation.reopened": ("reopened", "quiet"),
    "conversation.assigned": ("assigned", "quiet"),
    "turn.failed": ("AI failed", "waiting"),
    "reading.corrected": ("AI corrected", "human"),
    "lead.identity_added": ("new number", "quiet"),
}
"""The decisions that stand in the thread itself; all others are read in the trail beside it."""

AFTER_WORDS = ("handover.answered", "handover.ended", "conversation.resolved")
"""Of one instant with the words that caused them, these are read after them; all others before."""

VOICES = {Voice.AI: "AI", Voice.BRIDGE: "Booking", Voice.SYSTEM: "System", Voice.MARKETING: "Nurturing"}
TICKS = {
    MessageStatus.QUEUED: ("…", "Waiting to be sent"),
    MessageStatus.SENDING: ("…", "Being sent"),
    MessageStatus.ACCEPTED: ("✓", "Accepted by the provider"),
    MessageStatus.SENT: ("✓", "Sent"),
    MessageStatus.DELIVERED: ("✓✓", "Delivered"),
    MessageStatus.READ: ("✓✓", "Read"),
}
TROUBLE = {
    MessageStatus.FAILED: (
        "Not delivered",
        "It did not arrive. Send it again, or reach the customer another way.",
    ),
    MessageStatus.IN_DOUBT: (
        "Nobody knows whether it arrived",
        "The provider never said. Ask the customer before you say it again.",
    ),
    MessageStatus.UNKNOWN: (
        "Nobody knows yet whether it arrived",
        "The provider is being asked. Until it answers, nothing is repeated and what comes next waits.",
    ),
}
LEFT = "It was left as it is."


def told_kinds() -> list[str]:
    return list(TOLD)


def said_of(message: Message, desk: Desk, now: datetime) -> Said:
    status = MessageStatus(message.status)
    ticks, ticks_told = TICKS.get(status, ("", ""))
    unsent, why, advice = _fate(message, status, desk, now)
    return Said(
        id=f"m-{message.pk}",
        position=message.position,
        at_ms=int(message.at.timestamp() * 1000),
        time=words.clock_time(message.at, desk.zone),
        is_out=message.direction == Direction.OUT,
        tone="" if message.direction == Direction.IN else message.voice,
        by=speaker_of(message, desk),
        body=message.body,
        attachments=attachments_of(message, desk),
        ticks="" if unsent else ticks,
        ticks_told=ticks_told,
        is_read=status == MessageStatus.READ,
        unsent=unsent,
        why=why,
        advice=advice,
        is_trouble=status in (MessageStatus.FAILED, MessageStatus.IN_DOUBT),
        offer=_offer(message, status),
        notes=tuple(contents_of(message.payload)),
        links=tuple(_link_words(link, desk, now) for link in message.links.all()),
    )


def _link_words(link: TrackedLink, desk: Desk, now: datetime) -> str:
    """The links were read with their clicks."""
    days, last = link.clicked_days, link.clicked_at  # type: ignore[attr-defined]
    if not days:
        return f"{link.shown}: not followed yet"
    often = f" on {days} days, last" if days > 1 else ""
    return f"{link.shown}: followed{often} {words.near_time(last, now, desk.zone)}"


def event_of(entry: TrailEntry, desk: Desk) -> Event:
    tag, tone = TOLD[entry.kind]
    at_ms = int(entry.at.timestamp() * 1000) + (entry.kind in AFTER_WORDS)
    return Event(f"e-{entry.pk}", at_ms, words.clock_time(entry.at, desk.zone), tone, tag, entry.reason)


def speaker_of(message: Message, desk: Desk) -> str:
    if message.direction == Direction.IN:
        return ""
    if message.voice != Voice.HUMAN:
        return VOICES.get(Voice(message.voice), message.voice)
    if message.author is None:
        return "Team"
    return "You" if message.author_id == desk.user.pk else str(message.author)


def _fate(message: Message, status: MessageStatus, desk: Desk, now: datetime) -> tuple[str, str, str]:
    """Why a message stands dashed: its title, the reason, and what a person can do about it."""
    verdict = message.verdict or {}
    if status == MessageStatus.SUPPRESSED:
        return "Not sent", _reason(verdict), ""
    if status == MessageStatus.QUEUED and verdict.get("outcome") == "defer":
        return "Waiting", _reason(verdict), _next_chance(message.due_at, desk, now)
    if status in TROUBLE:
        title, advice = TROUBLE[status]
        why = meaning_of(message.channel.kind, message.error_code)
        return title, f"{why}." if why else "", LEFT if message.dismissed_at else advice
    return "", "", ""


def _offer(message: Message, status: MessageStatus) -> str:
    if status == MessageStatus.UNKNOWN:
        return "override"
    if status not in (MessageStatus.FAILED, MessageStatus.IN_DOUBT) or message.dismissed_at:
        return ""
    return "doubt" if may_be_there(message) else "replay"


def _reason(verdict: dict[str, Any]) -> str:
    return str(verdict.get("reason") or "No reason was recorded.")


def _next_chance(due_at: datetime | None, desk: Desk, now: datetime) -> str:
    return f"Next chance: {words.near_time(due_at, now, desk.zone)}." if due_at else ""
