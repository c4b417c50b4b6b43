"""Looking into mailboxes for what nobody brings: each minute, and at once when somebody says that there is something.

The claim is a lease: it moves the due time on before the mailbox is opened, over the network and outside of any
transaction. Events and cursor are stored together; what is read twice is known by its key.
"""

import logging
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import QuerySet

from messaging import transports
from messaging.incoming import new_event
from messaging.models import Channel
from messaging.transports import ErrorKind, Fetched, TransportError
from project.kernel.due import is_any_due
from project.kernel.scope import across_workspaces

from .inbox import store_events
from .senders import report_trouble

logger = logging.getLogger(__name__)

EVERY = timedelta(seconds=60)
TOLERATED_SILENCE = timedelta(minutes=15)
"""A mailbox that cannot be opened for so long is told to an operator; a refused login is at once."""


def has_due_mailboxes(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(_due(now), by="fetch_due_at")


def fetch_one_due_mailbox(now: datetime) -> bool:
    """Take in what is new in one mailbox; False when none is due."""
    with across_workspaces():
        channel = _due(now).order_by("fetch_due_at").first()
        if channel is None:
            return False
        if _due(now).filter(pk=channel.pk).update(fetch_due_at=now + EVERY):
            _fetch(channel, now)
    return True


def fetch_soon(channel: Channel, *, now: datetime) -> None:
    """The provider says that something has come, and keeps it for whoever asks."""
    Channel.objects.filter(pk=channel.pk, fetch_due_at__gt=now).update(fetch_due_at=now)


def _due(now: datetime) -> QuerySet[Channel]:
    return Channel.objects.filter(fetch_due_at__lte=now)


def _fetch(channel: Channel, now: datetime) -> None:
    try:
        found = transports.fetch_new(channel.kind, channel.settings, channel.secrets, channel.fetch_cursor)
    except TransportError as error:
        _bear(channel, error, now)
        return
    _take_in(channel, found, now)


@transaction.atomic
def _take_in(channel: Channel, found: Fetched, now: datetime) -> None:
    """Whoever looked at the same time, and was quicker, has moved the cursor: theirs stands."""
    store_events(
        [
            new_event(
                workspace_id=channel.workspace_id,
                source=channel.kind,
                source_id=channel.pk,
                kind=event.kind,
                key=event.key,
                order_key=event.order_key,
                body=event.body,
                now=now,
            )
            for event in found.events
        ]
    )
    unmoved = Channel.objects.filter(pk=channel.pk, fetch_cursor=channel.fetch_cursor)
    unmoved.update(fetch_cursor=dict(found.cursor), fetched_at=now)
    if found.has_more:
        Channel.objects.filter(pk=channel.pk, fetch_due_at__isnull=False).update(fetch_due_at=now)


def _bear(channel: Channel, error: TransportError, now: datetime) -> None:
    logger.warning("mailbox.failed", extra={"channel": channel.pk, "error": str(error)})
    is_certain = error.kind in (ErrorKind.SENDER_BLOCKED, ErrorKind.MISCONFIGURED)
    if is_certain or (channel.fetched_at or channel.created_at) < now - TOLERATED_SILENCE:
        meaning = f"Mails cannot be fetched: {error.detail or error.code or error.kind}"
        report_trouble(channel, code="mailbox", meaning=meaning, now=now)
