"""A channel's upkeep, a due row: its templates are listed, its standing is asked for, old buckets are thrown away.

A provider that cannot be asked now is asked again at the next turn; why stands on the channel's page until then.
"""

import logging
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import F, Func, JSONField, QuerySet, Value

from messaging import account_port, transports
from messaging.models import Channel
from messaging.transports import TransportError
from project.kernel.due import is_any_due
from project.kernel.scope import across_workspaces, workspace_scope

from .templates import Recorded, record_listing

logger = logging.getLogger(__name__)

EVERY = timedelta(minutes=15)
OLD = timedelta(hours=1)
"""A bucket that has been full for so long is the same as none."""


def has_due_upkeep(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(_due(now), by="upkeep_due_at")


def keep_up_one_due_channel(now: datetime) -> bool:
    """Look after one channel; False when none is due."""
    with across_workspaces():
        channel = _due(now).order_by("upkeep_due_at").first()
        if channel is None:
            return False
        is_ours = _due(now).filter(pk=channel.pk).update(upkeep_due_at=now + EVERY)
    if is_ours:
        with workspace_scope(channel.workspace_id):
            _keep_up(channel, now)
    return True


def _due(now: datetime) -> QuerySet[Channel]:
    return Channel.objects.filter(upkeep_due_at__lte=now)


def _keep_up(channel: Channel, now: datetime) -> None:
    can = transports.capabilities_of(channel.kind)
    prune_buckets(channel.workspace_id, now)
    if can.has_standing:
        _ask_standing(channel)
    if can.templates:
        try:
            list_channel_templates(channel, now)
        except TransportError as error:
            logger.warning("templates.unlisted", extra={"channel": channel.pk, "error": str(error)})


def list_channel_templates(channel: Channel, now: datetime) -> Recorded:
    """Ask the provider for all templates, and write them down. Raises TransportError, which stands on the channel."""
    try:
        listing = account_port.list_templates(channel.kind, channel.settings, channel.secrets)
    except TransportError as error:
        Channel.objects.filter(pk=channel.pk).update(templates_error=(error.detail or error.code)[:255])
        raise
    recorded = record_listing(channel=channel, listing=listing, asked_at=now, now=now)
    Channel.objects.filter(pk=channel.pk).update(templates_listed_at=now, templates_error="")
    return recorded


def ask_soon(channel: Channel, now: datetime) -> None:
    """The provider told of a template that is not known here."""
    Channel.objects.filter(pk=channel.pk).update(upkeep_due_at=now)


def _ask_standing(channel: Channel) -> None:
    try:
        said = account_port.read_standing(channel.kind, channel.settings, channel.secrets)
    except TransportError as error:
        logger.info("standing.unknown", extra={"channel": channel.pk, "error": str(error)})
        return
    words = {"Quality": said.quality, "Limit": said.limit}
    keep_standing(channel, {name: word for name, word in words.items() if word})
    if said.reach_limit is not None:
        Channel.objects.filter(pk=channel.pk).update(reach_limit=said.reach_limit)


def keep_standing(channel: Channel, words: dict[str, str]) -> None:
    """What the provider said last, each by its name, whatever else is written on the channel meanwhile."""
    told = Func(
        F("standing"),
        Value({name: word[:200] for name, word in words.items()}, JSONField()),
        template="%(expressions)s",
        arg_joiner=" || ",
    )
    if words:
        Channel.objects.filter(pk=channel.pk).update(standing=told)


def prune_buckets(workspace_id: int, now: datetime) -> int:
    """Every customer who was ever written to has left one; the statement reads the workspace's part of the key."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM messaging_bucket WHERE workspace_id = %s AND full_at < %s", [workspace_id, now - OLD]
        )
        return int(cursor.rowcount)
