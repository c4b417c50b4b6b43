"""An e-mail channel of Acme's, and what is posted to its doors without a network between."""

from __future__ import annotations

from datetime import datetime

from crm.models import Workspace
from messaging.channels.email.source import SOURCE
from messaging.doors.channels import load_channel
from messaging.doors.sources import HookRequest, Knock
from messaging.models import Channel
from messaging.services.channels import create_channel
from messaging.services.inbox import store_event
from project.kernel.scope import workspace_scope
from tests.doubles.mail_service import Post


def connect(workspace: Workspace, values: dict[str, str], *, now: datetime) -> Channel:
    with workspace_scope(workspace):
        return create_channel(workspace=workspace, kind="email", name="Mail", values=values, now=now)


def knock(channel: Channel, post: Post, *, now: datetime, door: str = "inbound") -> Knock:
    row = load_channel("email", channel.token)
    assert row is not None and SOURCE.door is not None
    headers = {"content-type": post.content_type, **{name.lower(): value for name, value in post.headers.items()}}
    return SOURCE.door.read(HookRequest(door, f"/hooks/email/t/{door}/", "", headers, post.body), row, now)


def deliver(channel: Channel, post: Post, *, now: datetime, door: str = "inbound") -> bool:
    """As the door stores it; False when it was there already."""
    found = knock(channel, post, now=now, door=door)
    return store_event(
        workspace_id=channel.workspace_id,
        source="email",
        source_id=channel.pk,
        kind=found.kind,
        key=found.key,
        order_key=found.order_key,
        body=post.body,
        headers={"content-type": post.content_type},
        now=now,
    )
