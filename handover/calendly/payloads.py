"""What a Calendly event says, in our words. Strict about whose booking it is and when, open about the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from messaging.incoming import UnreadablePayload


class EventName(StrEnum):
    CREATED = "invitee.created"
    CANCELED = "invitee.canceled"
    NO_SHOW_MARKED = "invitee_no_show.created"
    NO_SHOW_REMOVED = "invitee_no_show.deleted"


class UnreadableEvent(UnreadablePayload):
    """The event lacks what it is about; the text names the field."""


class UnrelatedEvent(ValueError):
    """An event that bookings have no use for, like a routing form."""


@dataclass(frozen=True, slots=True)
class BookingEvent:
    event: EventName
    happened_at: datetime | None
    invitee_uri: str
    token: str = ""  # ours, from the link; blank when the booking was not made through it
    name: str = ""
    email: str = ""
    phone: str = ""
    timezone: str = ""
    starts_at: datetime | None = None  # always there when CREATED
    ends_at: datetime | None = None
    scheduled_event_uri: str = ""
    event_type_uri: str = ""
    old_invitee: str = ""
    new_invitee: str = ""
    is_reschedule: bool = False  # one half of a pair: canceled (old) and created (new), in any order
    canceled_by: str = ""
    cancel_reason: str = ""
    cancel_url: str = ""
    reschedule_url: str = ""
    no_show_uri: str = ""
    answers: tuple[tuple[str, str], ...] = ()


def read_event(envelope: Mapping[str, Any]) -> BookingEvent:
    """Raises UnrelatedEvent for an event of another kind and UnreadableEvent for one that is incomplete."""
    if envelope.get("event") not in list(EventName):  # no set: what is unhashable is no name either
        raise UnrelatedEvent(f"event {str(envelope.get('event'))[:100]!r}")
    try:
        read = _Envelope.model_validate(envelope)
    except ValidationError as error:
        raise UnreadableEvent(_problems(error)) from None
    if read.event is EventName.CREATED and not read.payload.starts_at:
        raise UnreadableEvent("payload.scheduled_event.start_time: is required")
    return _booking_event(read)


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in error.errors())


def _storable(value: object) -> object:
    """Calendly sends null for blank, and an invitee may type what PostgreSQL refuses in text."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd").encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return value


Text = Annotated[str, BeforeValidator(_storable)]
Uri = Annotated[str, Field(min_length=1), BeforeValidator(_storable)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True)


class _Tracking(_Part):
    utm_content: Text = ""


class _ScheduledEvent(_Part):
    uri: Text = ""
    event_type: Text = ""
    start_time: AwareDatetime | None = None
    end_time: AwareDatetime | None = None


class _Cancellation(_Part):
    canceled_by: Text = ""
    reason: Text = ""


class _NoShow(_Part):
    uri: Text = ""


class _Answer(_Part):
    question: Text = ""
    answer: Text = ""


class _Payload(_Part):
    """An invitee; for a no-show possibly the mark itself, which names its invitee."""

    uri: Uri
    invitee: Text = ""
    name: Text = ""
    email: Text = ""
    text_reminder_number: Text = ""
    timezone: Text = ""
    tracking: _Tracking | None = None
    scheduled_event: _ScheduledEvent | None = None
    event: Text = ""
    rescheduled: bool | None = None
    old_invitee: Text = ""
    new_invitee: Text = ""
    cancellation: _Cancellation | None = None
    no_show: _NoShow | None = None
    cancel_url: Text = ""
    reschedule_url: Text = ""
    questions_and_answers: list[_Answer] | None = None

    @property
    def starts_at(self) -> datetime | None:
        return self.scheduled_event.start_time if self.scheduled_event else None


class _Envelope(_Part):
    event: EventName
    created_at: AwareDatetime | None = None
    payload: _Payload


def _booking_event(read: _Envelope) -> BookingEvent:
    said = read.payload
    scheduled = said.scheduled_event or _ScheduledEvent()
    cancellation = said.cancellation or _Cancellation()
    mark_uri = said.no_show.uri if said.no_show else said.uri if said.invitee else ""
    return BookingEvent(
        event=read.event,
        happened_at=read.created_at,
        invitee_uri=said.invitee or said.uri,
        token=said.tracking.utm_content if said.tracking else "",
        name=said.name,
        email=said.email,
        phone=said.text_reminder_number,
        timezone=said.timezone,
        starts_at=scheduled.start_time,
        ends_at=scheduled.end_time,
        scheduled_event_uri=scheduled.uri or said.event,
        event_type_uri=scheduled.event_type,
        old_invitee=said.old_invitee,
        new_invitee=said.new_invitee,
        is_reschedule=_is_reschedule(read.event, said),
        canceled_by=cancellation.canceled_by,
        cancel_reason=cancellation.reason,
        cancel_url=said.cancel_url,
        reschedule_url=said.reschedule_url,
        no_show_uri=mark_uri,
        answers=tuple((each.question, each.answer) for each in said.questions_and_answers or ()),
    )


def _is_reschedule(event: EventName, said: _Payload) -> bool:
    if event is EventName.CREATED:
        return bool(said.old_invitee)
    return event is EventName.CANCELED and (bool(said.rescheduled) or bool(said.new_invitee))
