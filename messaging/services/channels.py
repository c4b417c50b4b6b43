"""A workspace's channels: writing them down, pausing and resuming them. Asking the provider is in connecting.py."""

from collections.abc import Mapping
from datetime import datetime
from importlib import import_module

from django.conf import settings
from django.db import IntegrityError, transaction

from crm.models import User, Workspace
from messaging.models import Channel
from messaging.transports import (
    CHANNELS,
    UnknownChannelKind,
    capabilities_of,
    has_mailbox,
    offered_kinds,
    validate_settings,
)
from project.kernel.errors import WrongValues

from .senders import pause_sender, resume_sender


def create_channel(*, workspace: Workspace, kind: str, name: str, values: Mapping[str, str], now: datetime) -> Channel:
    """Connect a channel of `kind` with these settings. Raises WrongValues, InvalidSettings or ValidationError.

    Secrets are told apart from the other settings and sealed.
    """
    config, secrets = checked_settings(kind, values)
    channel = Channel(
        workspace=workspace,
        kind=kind,
        name=name,
        sender=config.get("sender", ""),
        settings=config,
        secrets=secrets,
        created_at=now,
        upkeep_due_at=now,
        sweep_due_at=now if capabilities_of(kind).lists_received else None,
        fetch_due_at=now if has_mailbox(kind, config) else None,
    )
    channel.full_clean(validate_constraints=False)
    return _save_once(channel)


def update_channel(*, channel: Channel, name: str, values: Mapping[str, str]) -> None:
    """Replace the channel's settings; a secret that is not given stays as it is. Raises as `create_channel`."""
    config, secrets = checked_settings(channel.kind, {**channel.secrets, **values})
    channel.name = name
    channel.sender = config.get("sender", "")
    channel.settings = config
    channel.secrets = secrets
    _follow_mailbox(channel)
    channel.full_clean(validate_constraints=False)
    _save_once(channel, "name", "sender", "settings", "secrets", "fetch_due_at")


def _follow_mailbox(channel: Channel) -> None:
    """A mailbox that is new is due at once; one that was taken away, never again."""
    if not has_mailbox(channel.kind, channel.settings):
        channel.fetch_due_at = None
    elif channel.fetch_due_at is None:
        channel.fetch_due_at = channel.created_at


@transaction.atomic
def pause_channel(*, channel: Channel, user: User, reason: str, now: datetime) -> None:
    """An operator stops the sender; one that is paused already keeps its reason."""
    pause_sender(channel, reason=reason, now=now, user=user)


@transaction.atomic
def resume_channel(*, channel: Channel, user: User, now: datetime) -> None:
    """An operator ends the sender's pause."""
    resume_sender(channel, now=now, user=user)


def doors_of(channel: Channel) -> dict[str, str]:
    """The absolute addresses of the channel's doors, by name; which ones there are depends on its kind."""
    base = channel.settings.get("public_base_url") or settings.PUBLIC_BASE_URL
    paths = import_module(f"{CHANNELS[channel.kind]}.doors").DOORS
    return {name: base.rstrip("/") + path.format(token=channel.token) for name, path in paths.items()}


def checked_settings(kind: str, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(config, secrets). Raises WrongValues or InvalidSettings."""
    try:
        if kind not in offered_kinds():
            raise UnknownChannelKind(kind)
        return validate_settings(kind, values)
    except UnknownChannelKind as error:
        raise WrongValues({"kind": str(error)}) from error


def _save_once(channel: Channel, *fields: str) -> Channel:
    """The unique sender decides, also between two operators at once."""
    try:
        with transaction.atomic():
            channel.save(update_fields=fields or None)
    except IntegrityError as error:
        raise WrongValues({"sender": f"“{channel.sender}” is already connected to this workspace"}) from error
    return channel
