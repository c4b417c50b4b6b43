"""The canary's side of the conversation: its channel, made on first use, and what it says."""

from __future__ import annotations

import secrets
from datetime import datetime
from typing import Final

from django.conf import settings

from crm.services.workspaces import internal_workspace
from messaging.models import Channel
from messaging.services.channels import doors_of
from project.kernel.scope import workspace_scope

from .caller import call_door
from .payloads import Said
from .webhook import KIND

SENDER: Final = "canary"

TEXT: Final = "Hello"
"""The offline analyst answers a greeting, in every installation, and asks nobody for help."""


def say_hello(*, run: int, now: datetime) -> None:
    """Post the message of a run at our own door; raises CallFailed."""
    channel = _own_channel(now)
    said = Said(run=run, text=TEXT)
    call_door(doors_of(channel)["inbound_url"], signing_key=channel.secrets["signing_key"], content=said)


def _own_channel(now: datetime) -> Channel:
    """It follows INTERNAL_URL, which may be another after each start."""
    workspace = internal_workspace(now=now)
    address = {"sender": SENDER, "public_base_url": settings.INTERNAL_URL}
    fresh = {
        "name": "Canary",
        "settings": address,
        "secrets": {"signing_key": secrets.token_urlsafe(32)},
        "created_at": now,
    }
    with workspace_scope(workspace):
        channel, _ = Channel.objects.get_or_create(workspace=workspace, kind=KIND, sender=SENDER, defaults=fresh)
        if channel.settings != address:
            channel.settings = address
            channel.save(update_fields=["settings"])
    return channel
