"""What other systems can be told: each event, and the committed facts of ours that are it. Pure; the catalogue is data.

A fact is a kind of line in a lead's trail, or one of MESSAGE_STATUSES, which stand on the message alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

MESSAGE_STATUSES: Final = ("message.delivered", "message.read")
PING: Final = "ping"
"""A test: somebody wants to see whether anything arrives."""


@dataclass(frozen=True, slots=True)
class Event:
    told: str
    facts: tuple[str, ...]


EVENTS: Final[Mapping[str, Event]] = {
    "message.received": Event("A customer wrote.", ("message.received",)),
    "message.sent": Event("The provider has a message of ours.", ("message.accepted",)),
    "message.delivered": Event("It is on the customer's device.", ("message.delivered",)),
    "message.read": Event("The customer opened it.", ("message.read",)),
    "message.failed": Event("It will not arrive.", ("message.failed",)),
    "message.suppressed": Event("It was withheld, and why.", ("message.suppressed",)),
    "link.clicked": Event("The customer followed a tracked link.", ("link.clicked",)),
    "conversation.taken_over": Event("A person took it over from the AI.", ("floor.taken_over",)),
    "conversation.returned": Event("It is the AI's again.", ("floor.returned",)),
    "conversation.resolved": Event("A person closed it.", ("conversation.resolved",)),
    "conversation.reopened": Event("The customer wrote after that.", ("conversation.reopened",)),
    "handover.requested": Event("A person is needed.", ("handover.requested",)),
    "handover.claimed": Event("A colleague said “mine”.", ("handover.claimed",)),
    "handover.ended": Event("Answered, booked, resolved or returned.", ("handover.answered", "handover.ended")),
    "lead.created": Event("Somebody wrote for the first time.", ("lead.created",)),
    "lead.updated": Event("Something new is known.", ("lead.changed", "lead.identity_added", "lead.learned")),
    "lead.merged": Event("Two leads turned out to be one person.", ("lead.merged",)),
    "lead.parted": Event("A merge was undone.", ("lead.parted",)),
    "consent.changed": Event("The customer opted in or out.", ("consent.granted", "consent.withdrawn")),
    "booking.offered": Event("A booking link was sent.", ("booking.offered",)),
    "booking.booked": Event("A call is booked.", ("booking.booked",)),
    "booking.rescheduled": Event("The call was moved.", ("booking.rescheduled",)),
    "booking.canceled": Event("The call was canceled.", ("booking.canceled",)),
    "booking.no_show": Event("The customer did not come.", ("booking.no_show",)),
}

_EVENT_OF: Final = {fact: name for name, event in EVENTS.items() for fact in event.facts}


def facts_of(events: Iterable[str]) -> list[str]:
    """The facts to listen for; what the database compares with."""
    return sorted({fact for name in events for fact in EVENTS[name].facts})


def event_of(fact: str) -> str:
    return _EVENT_OF.get(fact, fact)
