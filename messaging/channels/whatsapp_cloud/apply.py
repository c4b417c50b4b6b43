"""Applying Meta's events: pure database work in the transaction that marks the event."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

from messaging.channels.meta.webhook import read_json
from messaging.models import Channel, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.amendments import (
    NoSuchMessage,
    delete_message,
    edit_message,
    quote_of,
    record_reaction,
)
from messaging.services.receiving import receive_message
from messaging.services.senders import report_trouble
from messaging.services.statuses import UnknownMessage, note_terms, record_status

from .account import apply_news
from .contents import Said, said_in
from .errors import reaction_for
from .payloads import (
    Edit,
    ErrorUpdate,
    Json,
    Message,
    MessageUpdate,
    Person,
    Reaction,
    Revoke,
    Status,
    StatusUpdate,
    UnreadableUpdate,
    read,
)
from .people import apply_preference, apply_system
from .splitting import forward_stray, split_batch

STATUSES: Final = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}
"""Meta's statuses in our words; a voice message that was played was read."""


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    """Apply one batch or one update out of it; raises UnreadablePayload for what makes no sense."""
    channel = Channel.objects.select_related("workspace").get(pk=event.source_id)
    content = read_json(bytes(event.body))
    if event.kind == "batch":
        return split_batch(channel, content, event)
    return APPLIERS.get(event.kind, _refuse)(channel, content, now)


# -- messages ----------------------------------------------------------------------------------------------


def _apply_message(channel: Channel, content: Json, now: datetime) -> EventState:
    update = read(MessageUpdate, content)
    return _receive(channel, update.message, update.person, said_in(update.message), now)


def _receive(
    channel: Channel, message: Message, person: Person, said: Said, now: datetime, wamid: str = ""
) -> EventState:
    quoted = quote_of(channel=channel, provider_id=said.payload.get("replied_to", ""))
    received = receive_message(
        channel=channel,
        identities=person.identities,
        address=person.address,
        provider_id=wamid or message.id,
        body=said.body,
        media=list(said.media),
        payload={**said.payload, **({"quoted": quoted} if quoted else {})},
        at=min(message.at, now),  # the window runs by Meta's clock, but never ahead of ours
        now=now,
        profile_name=person.name,
    )
    return _state(received is not None)


def _apply_reaction(channel: Channel, content: Json, now: datetime) -> EventState:
    """A reaction to what is not known here, or was said long ago on another system, concerns nobody."""
    reaction = read(Reaction, read(MessageUpdate, content).message.content)
    try:
        return _state(record_reaction(channel=channel, provider_id=reaction.message_id, emoji=reaction.emoji, now=now))
    except NoSuchMessage:
        return EventState.IGNORED


def _apply_edit(channel: Channel, content: Json, now: datetime) -> EventState:
    """Without the original the new words are all there is: they are received under its id."""
    update = read(MessageUpdate, content)
    edit = read(Edit, _marked(update.message, "edit"))
    said = _said_anew(update.message, edit)
    original = edit.original_message_id
    try:
        return _state(edit_message(channel=channel, provider_id=original, body=said.body, now=now))
    except NoSuchMessage:
        edited = Said(said.body, said.media, {**said.payload, "edited": True})
        return _receive(channel, update.message, update.person, edited, now, wamid=original)


def _said_anew(message: Message, edit: Edit) -> Said:
    """The new words stand inside the edit, or as those of an ordinary message that is marked as one."""
    if not edit.message:
        return said_in(message)
    envelope = {"id": message.id, "timestamp": int(message.at.timestamp())}
    return said_in(read(Message, {**edit.message, **envelope}))


def _apply_deletion(channel: Channel, content: Json, now: datetime) -> EventState:
    revoke = read(Revoke, _marked(read(MessageUpdate, content).message, "revoke"))
    try:
        return _state(delete_message(channel=channel, provider_id=revoke.original_message_id, now=now))
    except NoSuchMessage:
        return EventState.IGNORED


def _marked(message: Message, name: str) -> object:
    return (message.model_extra or {}).get(name)


# -- statuses ----------------------------------------------------------------------------------------------


def _apply_status(channel: Channel, content: Json, now: datetime) -> EventState:
    told = read(StatusUpdate, content).status
    status = STATUSES.get(told.status)
    if status is None:
        return EventState.IGNORED
    code, detail = (told.errors[0].code, told.errors[0].words) if told.errors else ("", "")
    try:
        moved = record_status(
            channel=channel,
            provider_id=told.id,
            message_id=told.our_id or None,
            status=status,
            error_code=code,
            detail=detail,
            now=now,
        )
        _note_terms(channel, told)
    except UnknownMessage:  # sent by another system with the same number
        return EventState.IGNORED
    return _state(moved)


def _note_terms(channel: Channel, told: Status) -> None:
    terms = told.pricing.model_dump(exclude_defaults=True) if told.pricing else {}
    free_until = told.conversation.expires_at if told.conversation and told.conversation.is_free else None
    if terms or free_until:
        note_terms(
            channel=channel,
            provider_id=told.id,
            message_id=told.our_id or None,
            terms=terms,
            free_until=free_until,
        )


# -- the rest ----------------------------------------------------------------------------------------------


def _apply_error(channel: Channel, content: Json, now: datetime) -> EventState:
    """About the number as a whole, not about one message."""
    error = read(ErrorUpdate, content).error
    meaning = error.words or reaction_for(error.code).meaning
    report_trouble(channel, code=error.code, meaning=meaning, now=now)
    return EventState.APPLIED


def _ignore(channel: Channel, content: Json, now: datetime) -> EventState:
    """A field that nobody reads yet; the event stays as it came."""
    return EventState.IGNORED


def _refuse(channel: Channel, content: Json, now: datetime) -> EventState:
    raise UnreadableUpdate("no update that is known: it has no field and value")


def _state(is_news: bool) -> EventState:
    return EventState.APPLIED if is_news else EventState.IGNORED


APPLIERS: Final[dict[str, Callable[[Channel, Json, datetime], EventState]]] = {
    "inbound": _apply_message,
    "reaction": _apply_reaction,
    "edit": _apply_edit,
    "deletion": _apply_deletion,
    "system": apply_system,
    "status": _apply_status,
    "preference": apply_preference,
    "account": apply_news,
    "error": _apply_error,
    "stray": forward_stray,
    "other": _ignore,
    "unreadable": _refuse,
}
