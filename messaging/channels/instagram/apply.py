"""Applying what happened on Instagram: pure database work in the transaction that marks the event."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Final

from crm.models.people import IdentityKind
from crm.services.leads import find_lead
from crm.services.trail import record_decision
from messaging.channels.meta.payloads import Json, UnreadableUpdate, read
from messaging.channels.meta.webhook import read_json
from messaging.incoming import NewEvent, new_event
from messaging.models import Channel, Message, WebhookEvent
from messaging.models.messages import Direction, MessageStatus
from messaging.models.webhooks import EventState
from messaging.services.amendments import NoSuchMessage, delete_message, edit_message, quote_of, record_reaction
from messaging.services.inbox import store_events
from messaging.services.receiving import receive_message
from messaging.services.statuses import record_status

from .batches import Update, text_of, update_of, updates_in
from .payloads import (
    DeletionItem,
    EditItem,
    Item,
    Postback,
    ReactionItem,
    ReadItem,
    ReferralItem,
    contents_of,
    media_of,
)

UNREAD: Final = (MessageStatus.ACCEPTED, MessageStatus.SENT, MessageStatus.DELIVERED)
MOST_AT_ONCE: Final = 50


def apply_event(event: WebhookEvent, *, now: datetime) -> EventState:
    """Apply one batch or one update out of it; raises UnreadablePayload for what makes no sense."""
    channel = Channel.objects.select_related("workspace").get(pk=event.source_id)
    content = read_json(bytes(event.body))
    if event.kind == "batch":
        return _split(channel, content, event)
    if event.kind == "stray":
        return _forward(channel, content, now)
    return APPLIERS.get(event.kind, _refuse)(channel, _item(content), now)


def _item(content: Json) -> Json:
    item = content.get("item", {})
    return item if isinstance(item, dict) else {}


# -- batches -------------------------------------------------------------------------------------------------------


def _split(channel: Channel, batch: Json, event: WebhookEvent) -> EventState:
    """An app has one callback for all its accounts: each update goes to the channel of its own."""
    updates = list(updates_in(batch))
    channels = _channels_of(channel, {update.account for update in updates})
    events = [_event(channel, channels, update, event.received_at) for update in updates]
    return EventState.APPLIED if store_events(events) else EventState.IGNORED


def _channels_of(channel: Channel, accounts: Collection[str]) -> dict[str, int]:
    others = Channel.objects.filter(
        workspace_id=channel.workspace_id, kind=channel.kind, settings__account_id__in=sorted(accounts)
    )
    known = dict(others.order_by("-pk").values_list("settings__account_id", "pk"))
    return {**known, channel.settings.get("account_id", ""): channel.pk}


def _event(channel: Channel, channels: dict[str, int], update: Update, at: datetime) -> NewEvent:
    found = channels.get(update.account)
    return new_event(
        workspace_id=channel.workspace_id,
        source=channel.kind,
        source_id=found or channel.pk,
        kind=update.kind if found else "stray",
        key=update.key if found else f"stray:{update.key}",
        order_key=update.order_key,
        body=update.body,
        now=at,
    )


def _forward(channel: Channel, content: Json, now: datetime) -> EventState:
    """Once its account is connected, a stray update that is replayed goes there; raises UnreadableUpdate before."""
    account = text_of(content.get("account"))
    update = update_of(_item(content), account)
    channels = _channels_of(channel, {account})
    if account in channels:
        store_events([_event(channel, channels, update, now)])
        return EventState.APPLIED
    if update.kind != "inbound":
        return EventState.IGNORED
    raise UnreadableUpdate(f"no channel of this workspace has the account ID {account}")


# -- messages ------------------------------------------------------------------------------------------------------


def _receive(channel: Channel, content: Json, now: datetime) -> EventState:
    item = read(Item, content)
    if item.postback:
        return _press(channel, item, item.postback, now)
    if item.message is None:
        raise UnreadableUpdate("message: is missing")
    said = item.message
    payload = contents_of(said)
    quoted = quote_of(channel=channel, provider_id=payload.get("replied_to", ""))
    received = receive_message(
        channel=channel,
        identities=[(IdentityKind.INSTAGRAM, item.sender.id)],
        address=item.sender.id,
        provider_id=said.mid,
        body=said.text,
        media=media_of(said),
        payload={**payload, **({"quoted": quoted} if quoted else {})},
        at=min(item.timestamp, now),  # the window runs by Meta's clock, but never ahead of ours
        now=now,
    )
    return _state(received is not None)


def _press(channel: Channel, item: Item, pressed: Postback, now: datetime) -> EventState:
    referral = {"referral": pressed.referral.as_json()} if pressed.referral else {}
    received = receive_message(
        channel=channel,
        identities=[(IdentityKind.INSTAGRAM, item.sender.id)],
        address=item.sender.id,
        provider_id=pressed.mid,
        body=pressed.title or pressed.payload,
        payload={"message_type": "button", "button": {"payload": pressed.payload, "title": pressed.title}, **referral},
        at=min(item.timestamp, now),
        now=now,
    )
    return _state(received is not None)


def _react(channel: Channel, content: Json, now: datetime) -> EventState:
    reaction = read(ReactionItem, content).reaction
    try:
        return _state(record_reaction(channel=channel, provider_id=reaction.mid, emoji=reaction.shown, now=now))
    except NoSuchMessage:
        return EventState.IGNORED


def _edit(channel: Channel, content: Json, now: datetime) -> EventState:
    edit = read(EditItem, content).message_edit
    try:
        return _state(edit_message(channel=channel, provider_id=edit.mid, body=edit.text, now=now))
    except NoSuchMessage:
        return EventState.IGNORED


def _delete(channel: Channel, content: Json, now: datetime) -> EventState:
    try:
        return _state(delete_message(channel=channel, provider_id=read(DeletionItem, content).message.mid, now=now))
    except NoSuchMessage:
        return EventState.IGNORED


def _read(channel: Channel, content: Json, now: datetime) -> EventState:
    """Whoever read a message read the ones before it: Instagram tells of the last one only."""
    sent = Message.objects.filter(channel=channel, direction=Direction.OUT)
    newest = sent.filter(provider_id=read(ReadItem, content).read_.mid).first()
    if newest is None:
        return EventState.IGNORED
    earlier = sent.filter(
        conversation_id=newest.conversation_id, position__lte=newest.position, status__in=UNREAD
    ).exclude(provider_id="")
    read_now = [
        record_status(channel=channel, provider_id=one.provider_id, message_id=str(one.pk), status="read", now=now)
        for one in earlier.order_by("-position")[:MOST_AT_ONCE]
    ]
    return _state(any(read_now))


def _refer(channel: Channel, content: Json, now: datetime) -> EventState:
    """Somebody who wrote before came again by a link or an advertisement, and has not said anything yet."""
    came = read(ReferralItem, content)
    lead = find_lead(workspace=channel.workspace, identities=[(IdentityKind.INSTAGRAM, came.sender.id)])
    if lead is None:
        return EventState.IGNORED
    told = came.referral.as_json()
    where = told.get("headline") or told.get("ref") or told.get("source_id") or "a link"
    reason = f"{lead} came to the conversation by “{where}”."
    record_decision(lead=lead, actor="customer", kind="lead.referred", reason=reason, now=now, referral=told)
    return EventState.APPLIED


def _ignore(channel: Channel, content: Json, now: datetime) -> EventState:
    return EventState.IGNORED


def _refuse(channel: Channel, content: Json, now: datetime) -> EventState:
    raise UnreadableUpdate("no update that is known")


def _state(is_news: bool) -> EventState:
    return EventState.APPLIED if is_news else EventState.IGNORED


APPLIERS: Final[dict[str, Callable[[Channel, Json, datetime], EventState]]] = {
    "inbound": _receive,
    "reaction": _react,
    "edit": _edit,
    "deletion": _delete,
    "read": _read,
    "referral": _refer,
    "echo": _ignore,
    "other": _ignore,
    "unreadable": _refuse,
}
