"""Applying Telegram's updates: pure database work in the transaction that marks the event."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

from crm.models import Lead
from crm.models.consent import ConsentState, Purpose
from crm.models.people import IdentityKind
from crm.phones import NotAPhoneNumber, to_e164
from crm.services.consent import is_opted_out, record_consent, record_provider_opt_out
from crm.services.identities import note_handle
from crm.services.leads import Name, find_lead
from messaging.incoming import storable
from messaging.models import Channel, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.receiving import receive_message

from .payloads import Callback, Contact, Membership, Message, User, kind_of, media_of, read
from .webhook import read_update

BLOCKED: Final = "kicked"
"""Telegram's word for a bot that the person blocked. `member` is what it is after they start it again."""


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    """Apply one stored update; raises UnreadableUpdate for one that makes no sense."""
    channel = Channel.objects.select_related("workspace").get(pk=event.source_id)
    update = read(read_update(bytes(event.body)))
    if update.message:
        return _receive(channel, update.message, event, now)
    if update.edited_message:
        return _receive(channel, update.edited_message, event, now)
    if update.callback_query:
        return _press(channel, update.callback_query, event, now)
    if update.my_chat_member:
        return _follow_membership(channel, update.my_chat_member, now)
    return EventState.IGNORED


def _receive(channel: Channel, said: Message, event: WebhookEvent, now: datetime) -> EventState:
    """Only what one person writes to the bot: in a group nobody in particular is spoken to.

    An edited message is one more message: what was answered already stays as it was.
    """
    if said.sender is None or said.sender.is_bot or not said.chat.is_private:
        return EventState.IGNORED
    edit = {"edits": said.key} if said.edit_date else {}
    message = receive_message(
        channel=channel,
        identities=_identities(said.sender, said.contact),
        address=str(said.chat.id),
        provider_id=f"{said.key}:{said.edit_date}" if said.edit_date else said.key,
        body=said.words,
        media=media_of(said),
        payload={**_payload(said), **_about(said.sender), **edit},
        at=_moment(said.edit_date or said.date, event),
        now=now,
        profile_name=storable(said.sender.name),
    )
    note_handle(
        workspace=channel.workspace,
        kind=IdentityKind.TELEGRAM,
        value=str(said.sender.id),
        handle=storable(said.sender.username or ""),
    )
    return EventState.APPLIED if message else EventState.IGNORED


def _press(channel: Channel, pressed: Callback, event: WebhookEvent, now: datetime) -> EventState:
    if pressed.message is None or not pressed.message.chat.is_private:
        return EventState.IGNORED
    data = storable(pressed.data)
    message = receive_message(
        channel=channel,
        identities=_identities(pressed.sender),
        address=str(pressed.message.chat.id),
        provider_id=f"callback:{storable(pressed.id)}"[:160],
        body=data,
        payload={"message_type": "button", "button": {"payload": data, "title": data}, **_about(pressed.sender)},
        at=event.received_at,
        now=now,
        profile_name=storable(pressed.sender.name),
    )
    return EventState.APPLIED if message else EventState.IGNORED


def _follow_membership(channel: Channel, change: Membership, now: datetime) -> EventState:
    """Blocking the bot is an opt-out, starting it again takes that back; marketing needs to be agreed to anew."""
    lead = find_lead(workspace=channel.workspace, identities=_identities(change.sender))
    if lead is None or not change.chat.is_private:
        return EventState.IGNORED
    was_out = is_opted_out(lead.pk, channel.kind, Purpose.SERVICE)
    is_blocked = change.new_chat_member.status == BLOCKED
    if is_blocked == was_out:
        return EventState.IGNORED
    if is_blocked:
        record_provider_opt_out(lead=lead, channel_kind=channel.kind, proof="blocked the bot", now=now)
    else:
        _record_return(lead, channel, now)
    return EventState.APPLIED


def _record_return(lead: Lead, channel: Channel, now: datetime) -> None:
    record_consent(
        lead=lead,
        channel_kind=channel.kind,
        purposes=(Purpose.SERVICE,),
        state=ConsentState.GRANTED,
        source="provider",
        proof="started the bot again",
        now=now,
    )


def _identities(user: User, contact: Contact | None = None) -> list[Name]:
    """A username may pass to somebody else: it names nobody. A phone does when people share their own."""
    names: list[Name] = [(IdentityKind.TELEGRAM, str(user.id))]
    if contact and contact.user_id == user.id:
        with suppress(NotAPhoneNumber):
            names.append((IdentityKind.PHONE, to_e164(contact.phone_number)))
    return names


def _about(user: User) -> dict[str, Any]:
    about = {"username": user.username, "language": user.language_code}
    return {name: storable(value) for name, value in about.items() if value}


def _payload(said: Message) -> dict[str, Any]:
    payload: dict[str, Any] = {"message_type": kind_of(said)}
    if said.reply_to_message:
        payload["replied_to"] = f"{said.chat.id}:{said.reply_to_message.message_id}"
    if place := (said.venue.location if said.venue else said.location):
        named = {"label": said.venue.title, "address": said.venue.address} if said.venue else {}
        payload["location"] = {"latitude": place.latitude, "longitude": place.longitude, **_storable(named)}
    if said.contact:
        name = f"{said.contact.first_name} {said.contact.last_name}".strip()
        payload["contact"] = _storable({"name": name, "phone": said.contact.phone_number})
    return payload


def _storable(texts: dict[str, str]) -> dict[str, str]:
    return {name: storable(text) for name, text in texts.items()}


def _moment(seconds: int, event: WebhookEvent) -> datetime:
    """Telegram's time, where it is one: the webhook may have waited for hours."""
    try:
        at = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return event.received_at
    return min(at, event.received_at) if seconds else event.received_at
