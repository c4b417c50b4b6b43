"""Storing the updates of a batch, each at the channel of the number that it is for."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime
from typing import Final

from messaging.incoming import NewEvent, new_event
from messaging.models import Channel, WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.inbox import store_events

from .batches import Update, updates_in
from .payloads import Json, Part, UnreadableUpdate, read

OF_NO_INTEREST: Final = frozenset({"status", "error"})
"""Of a number that is not connected here."""


class Stray(Part):
    """An update for a number that no channel had when it came, as it would have been stored there."""

    kind: str
    key: str
    order_key: str
    number_id: str
    content: Json


def split_batch(channel: Channel, batch: Json, event: WebhookEvent) -> EventState:
    """One statement stores them all, in the transaction that marks the batch. IGNORED: all of them were known."""
    updates = list(updates_in(batch))
    channels = _channels_of(channel, {update.number_id for update in updates})
    at = event.received_at
    events = [_event(channel, channels, update, at) for update in updates]
    return EventState.APPLIED if store_events(events) else EventState.IGNORED


def forward_stray(channel: Channel, content: Json, now: datetime) -> EventState:
    """Once its number is connected, a stray update that is replayed goes there; raises UnreadableUpdate before."""
    stray = read(Stray, content)
    found = _channels_of(channel, {stray.number_id}).get(stray.number_id)
    if found is None and stray.kind in OF_NO_INTEREST:
        return EventState.IGNORED
    if found is None:
        raise UnreadableUpdate(f"no channel of this workspace has the phone number ID {stray.number_id}")
    body = json.dumps(stray.content).encode()
    update = Update(stray.kind, stray.key, stray.order_key, stray.number_id, body)
    store_events([_event(channel, {stray.number_id: found}, update, now)])
    return EventState.APPLIED


def _channels_of(channel: Channel, numbers: Collection[str]) -> dict[str, int]:
    """An app has one callback for all its numbers: what is for the workspace's other channels comes here too."""
    others = Channel.objects.filter(
        workspace_id=channel.workspace_id, kind=channel.kind, settings__phone_number_id__in=sorted(numbers)
    )
    known = dict(others.order_by("-pk").values_list("settings__phone_number_id", "pk"))
    return {**known, "": channel.pk, channel.settings.get("phone_number_id", ""): channel.pk}


def _event(channel: Channel, channels: dict[str, int], update: Update, at: datetime) -> NewEvent:
    found = channels.get(update.number_id)
    if found is None:
        update = _stray(update)
    return new_event(
        workspace_id=channel.workspace_id,
        source=channel.kind,
        source_id=found or channel.pk,
        kind=update.kind,
        key=update.key,
        order_key=update.order_key,
        body=update.body,
        now=at,
    )


def _stray(update: Update) -> Update:
    told = {"kind": update.kind, "key": update.key, "order_key": update.order_key, "number_id": update.number_id}
    body = json.dumps({**told, "content": json.loads(update.body)}).encode()
    return Update("stray", f"stray:{update.key}", update.order_key, "", body)
