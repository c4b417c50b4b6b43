"""The document that another system gets: ids and what it needs to decide whether to ask for more.

`version` is raised when a field changes its meaning or goes; a new field does not raise it.
"""

import json
from typing import Any, Final

from messaging.models import Conversation, Message

from .events import event_of
from .models import Delivery

VERSION: Final = 1
INSIDE: Final = frozenset({"epoch", "message"})
"""Facts of a trail entry that mean nothing outside, or that stand in the document by another name."""


def body_of(delivery: Delivery) -> str:
    details = dict(delivery.details)
    document = {
        "id": str(delivery.key),
        "version": VERSION,
        "event": event_of(delivery.fact),
        "at": delivery.at.isoformat(),
        "workspace": delivery.workspace.slug,
        "lead": delivery.lead_id,
        "conversation": _conversation_of(delivery),
        "message": _message_in(delivery, details),
        "reason": details.pop("reason", ""),
        "actor": details.pop("actor", ""),
        "data": {name: value for name, value in details.items() if name not in INSIDE},
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def _conversation_of(delivery: Delivery) -> int | None:
    if delivery.lead_id is None:
        return None
    return Conversation.objects.filter(lead_id=delivery.lead_id).values_list("pk", flat=True).first()


def _message_in(delivery: Delivery, details: dict[str, Any]) -> dict[str, Any] | None:
    """The message that the fact is about; of an event about something else its id at most stands in `data`."""
    message_id = details.get("message")
    if not delivery.fact.startswith("message.") or not message_id:
        return None
    message = Message.objects.select_related("channel").filter(pk=message_id).first()
    if message is None:
        return {"id": message_id}
    return {
        "id": str(message.pk),
        "direction": message.direction,
        "voice": message.voice,
        "purpose": message.purpose,
        "channel": {"id": message.channel_id, "kind": message.channel.kind},
        "text": message.body,
        "files": len(message.media),
        "error_code": message.error_code,
        "at": message.at.isoformat(),
    }
