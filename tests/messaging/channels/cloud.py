"""A WhatsApp number on Meta's Cloud API, and what Meta delivers to it without a network between."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crm.models import Workspace
from messaging.channels.whatsapp_cloud.source import SOURCE
from messaging.doors.channels import load_channel
from messaging.doors.sources import HookRequest
from messaging.models import Channel
from messaging.services.channels import create_channel
from messaging.services.inbox import apply_one_due_event, store_event
from project.kernel.due import drain
from project.kernel.scope import workspace_scope
from tests.doubles.cloud_updates import (
    ACCESS_TOKEN,
    APP_SECRET,
    NUMBER,
    NUMBER_ID,
    VERIFY_TOKEN,
    WABA_ID,
    encode,
    signed_headers,
)

SETTINGS = {
    "sender": NUMBER,
    "phone_number_id": NUMBER_ID,
    "waba_id": WABA_ID,
    "access_token": ACCESS_TOKEN,
    "app_secret": APP_SECRET,
    "verify_token": VERIFY_TOKEN,
}


def connect(workspace: Workspace, *, now: datetime, **settings: str) -> Channel:
    with workspace_scope(workspace):
        return create_channel(
            workspace=workspace, kind="whatsapp_cloud", name="Sales", values={**SETTINGS, **settings}, now=now
        )


def knock(channel: Channel, content: Any, *, now: datetime) -> bool:
    """What the door does with a signed delivery; False when it was there already."""
    body = encode(content)
    headers = {name.lower(): value for name, value in signed_headers(body).items()}
    row = load_channel(channel.kind, channel.token)
    assert row is not None and SOURCE.door is not None
    asked = SOURCE.door.read(HookRequest("", "/", "", headers, body), row, now)
    return store_event(
        workspace_id=channel.workspace_id,
        source=channel.kind,
        source_id=channel.pk,
        kind=asked.kind,
        key=asked.key,
        order_key=asked.order_key,
        body=body,
        now=now,
    )


def deliver(channel: Channel, content: Any, *, now: datetime) -> None:
    """Meta delivers, and everything is applied that is due."""
    knock(channel, content, now=now)
    while drain(apply_one_due_event, clock=lambda: now):
        pass
