"""Live screens: the socket says only “conversation X is at N”; the page fetches what it lacks.

A push may be lost (Redis away, capacity): it costs a screen seconds, never data, because pages also poll slowly.
"""

import logging
from dataclasses import dataclass
from typing import Any

from channels.layers import get_channel_layer
from django.db import transaction

from crm.models import Identity
from crm.models.people import IdentityKind
from project.kernel.scope import across_workspaces

from .courier import run_in_courier

logger = logging.getLogger(__name__)


def workspace_group(workspace_id: int) -> str:
    """Everyone who looks at a workspace's inbox."""
    return f"workspace-{workspace_id}"


def visitor_group(workspace_id: int, visitor: str) -> str:
    """The browser tabs of one web-chat visitor; `visitor` is the identity's value: letters, digits, hyphens."""
    return f"visitor-{workspace_id}-{visitor}"


def announce_change(*, workspace_id: int, lead_id: int, conversation_id: int, seq: int, to_visitors: bool) -> None:
    """After commit, tell the staff, and the visitors who chat on the web, that the conversation is at `seq`.

    Of the changes of one transaction only the last is told: whoever hears of it fetches all of them.
    """
    hooks = [hook for _, hook, *_ in transaction.get_connection().run_on_commit]
    told = next((hook for hook in hooks if isinstance(hook, _Change) and hook.conversation_id == conversation_id), None)
    if told is not None:
        told.seq = seq
        told.to_visitors |= to_visitors
        return
    transaction.on_commit(_Change(workspace_id, lead_id, conversation_id, seq, to_visitors), robust=True)


@dataclass(slots=True)
class _Change:
    workspace_id: int
    lead_id: int
    conversation_id: int
    seq: int
    to_visitors: bool

    def __call__(self) -> None:
        news = {"type": "conversation.changed", "conversation": self.conversation_id, "seq": self.seq}
        visitors = _visitor_groups(self.workspace_id, self.lead_id) if self.to_visitors else []
        _push([workspace_group(self.workspace_id), *visitors], news)


def announce_alert(*, workspace_id: int, news: dict[str, Any]) -> None:
    """After commit, tell everyone in the workspace's inbox; `news["type"]` names the consumer's method."""
    transaction.on_commit(lambda: _push([workspace_group(workspace_id)], news), robust=True)


def _visitor_groups(workspace_id: int, lead_id: int) -> list[str]:
    with across_workspaces():
        visitors = Identity.objects.filter(lead_id=lead_id, kind=IdentityKind.VISITOR).values_list("value", flat=True)
        return [visitor_group(workspace_id, visitor) for visitor in visitors]


def _push(groups: list[str], news: dict[str, Any]) -> None:
    try:
        run_in_courier(_send_all(groups, news))
    except Exception as error:  # whatever the layer's transport raises: pages find out by their poll
        logger.warning("push.lost", extra={"groups": groups, "error": str(error)})


async def _send_all(groups: list[str], news: dict[str, Any]) -> None:
    layer = get_channel_layer()
    for group in groups:
        await layer.group_send(group, news)
