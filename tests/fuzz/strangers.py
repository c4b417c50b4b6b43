"""Clara's workspace beside Acme: rows that nobody of Acme may ever read or move."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from crm.models import Workspace
from messaging.models import Conversation
from messaging.services.channels import create_channel
from project.kernel.scope import workspace_scope
from tests.cast import TWILIO, found
from tests.inbox.seed import ask_for_person, say, talk, tell

SENTINEL = "clara-s-quetzal"
"""Stands in every text of hers."""


@dataclass(frozen=True, slots=True)
class Strangers:
    workspace: Workspace
    ids: dict[str, Any]
    """By the names that the API's addresses use."""

    def traces(self) -> tuple[Any, ...]:
        """What would differ had anything been changed."""
        with workspace_scope(self.workspace):
            conversations = list(Conversation.objects.values_list("seq", "status", "assignee", "lead__name"))
            return conversations, self.workspace.handovers.values_list("state", "claimed_by").get()


def settle_strangers(now: datetime) -> Strangers:
    workspace = found("other", "clara@other.test", now)
    secrets = {**TWILIO, "auth_token": f"{SENTINEL}-token"}
    with workspace_scope(workspace):
        channel = create_channel(workspace=workspace, kind="whatsapp_twilio", name=SENTINEL, values=secrets, now=now)
        conversation = talk(workspace, channel, SENTINEL, now, company=SENTINEL)
        message = say(conversation, "customer", SENTINEL, now)
        say(conversation, "ai", SENTINEL, now, status="failed", error_code="30007")
        tell(conversation, "turn.taken", SENTINEL, now)
        handover = ask_for_person(conversation, SENTINEL, SENTINEL, now, now)
    ids = {
        "conversation_id": conversation.pk,
        "lead_id": conversation.lead_id,
        "handover_id": handover.pk,
        "message_id": str(message.pk),
        "channel_id": channel.pk,
    }
    return Strangers(workspace, ids)
