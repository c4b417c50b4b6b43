"""Finding what the provider has and never delivered to us: its own list is read every minute, with overlap.

Twilio does not repeat a webhook that failed. What the list shows is stored under the key its webhook would have had,
so what did arrive adds nothing. https://www.twilio.com/docs/messaging/api/message-resource#read-multiple
"""

import json
import logging
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import QuerySet

from messaging import transports
from messaging.incoming import NewEvent, new_event
from messaging.models import Channel
from messaging.transports import Seen, TransportError
from project.kernel.due import is_any_due
from project.kernel.scope import across_workspaces

from .inbox import store_events

logger = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
OVERLAP = timedelta(minutes=5)
"""How far each reading goes back beyond the last one: webhooks and lists may lag."""

BATCH = 500
"""Almost all of what is listed is known: one statement for each message would take longer than the minute has."""

QUIET = timedelta(seconds=20)
"""A message this fresh is left to its webhook, which says more than the list."""


def has_due_sweeps(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(_due(now), by="sweep_due_at")


def sweep_one_due_channel(now: datetime) -> bool:
    """Compare one channel with its provider's list; False when none is due."""
    with across_workspaces():
        channel = _due(now).order_by("sweep_due_at").first()
        if channel is None:
            return False
        is_ours = _due(now).filter(pk=channel.pk).update(sweep_due_at=now + EVERY)
        if is_ours:
            _sweep(channel, now)
    return True


def _due(now: datetime) -> QuerySet[Channel]:
    return Channel.objects.filter(sweep_due_at__lte=now)


def _sweep(channel: Channel, now: datetime) -> None:
    """A provider that cannot be asked is asked again a minute later, from where the last answer ended."""
    since = (channel.swept_at or channel.created_at) - OVERLAP
    transport = transports.transport_for(channel.kind, channel.settings, channel.secrets)
    try:
        listed = [
            *transport.list_recent(to=channel.sender, since=since),
            *transport.list_recent(sender=channel.sender, since=since),
        ]
    except TransportError as error:
        logger.warning("sweep.failed", extra={"channel": channel.pk, "error": str(error)})
        return
    record_prices(channel, listed)
    shown = [_event(channel, seen, now) for seen in listed if _is_settled(seen, now)]
    missed = sum(store_events(shown[start : start + BATCH]) for start in range(0, len(shown), BATCH))
    Channel.objects.filter(pk=channel.pk).update(swept_at=now)
    if missed:
        logger.warning("sweep.found", extra={"channel": channel.pk, "events": missed})


# Of the newest messages again and again, until they have a price; then no row is touched any more.
_PRICE = """
    UPDATE messaging_message AS message
       SET payload = jsonb_set(message.payload, '{pricing}',
                               coalesce(message.payload -> 'pricing', '{}') || priced.terms::jsonb)
      FROM unnest(%(ids)s::text[], %(terms)s::text[]) AS priced (id, terms)
     WHERE message.channel_id = %(channel)s AND message.direction = 'out' AND message.provider_id = priced.id
       AND NOT coalesce(message.payload -> 'pricing', '{}') @> priced.terms::jsonb
"""


def record_prices(channel: Channel, listed: list[Seen]) -> None:
    """Twilio tells what a message costs in its list only, some seconds after it has left."""
    priced = [seen for seen in listed if seen.price and seen.direction == "outbound"]
    terms = [json.dumps({"price": seen.price.removeprefix("-"), "currency": seen.price_unit}) for seen in priced]
    if priced:
        with connection.cursor() as cursor:
            ids = [seen.provider_id for seen in priced]
            cursor.execute(_PRICE, {"channel": channel.pk, "ids": ids, "terms": terms})


def _is_settled(seen: Seen, now: datetime) -> bool:
    moment = seen.created_at or seen.sent_at
    return moment is None or moment <= now - QUIET


def _event(channel: Channel, seen: Seen, now: datetime) -> NewEvent:
    found = transports.found_event(channel.kind, seen)
    moment = (seen.sent_at or seen.created_at or now) if found.kind == "inbound" else now
    return new_event(
        workspace_id=channel.workspace_id,
        source=channel.kind,
        source_id=channel.pk,
        kind=found.kind,
        key=found.key,
        order_key=found.order_key,
        body=found.body,
        now=min(moment, now),
    )
