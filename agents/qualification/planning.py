"""When a conversation is read for facts: a due row, written with the end of a turn, so that it never delays a reply."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agents.models import Extraction, Turn
from messaging.models import Conversation, Message
from messaging.models.messages import Direction
from project.kernel.events import kick

from .offline import says_who_they_are
from .scoring import ask_rescore

EVERY = 5
"""Customer messages after which a conversation is read in any case."""

OPPORTUNITIES = frozenset({"purchase_intent", "booking", "pricing", "referral"})


def why_extract(*, unread: int, intent: str, text: str) -> str:
    """Why the conversation is worth reading now; empty when it is not. Pure."""
    if not unread:
        return ""
    if intent in OPPORTUNITIES:
        return f"an opportunity: {intent.replace('_', ' ')}"
    if says_who_they_are(text):
        return "the customer said something about themselves"
    return f"{EVERY} messages since the last look" if unread >= EVERY else ""


def plan_extraction(*, turn: Turn, conversation: Conversation, record: Mapping[str, Any], now: datetime) -> None:
    """Called with the end of a turn, in its transaction and under the conversation's lock."""
    if conversation.workspace.is_internal or turn.decision == "opt_out":
        return
    read_to = _read_to(conversation)
    unread = Message.objects.filter(conversation=conversation, direction=Direction.IN, position__gt=read_to).count()
    why = why_extract(unread=unread, intent=str(record.get("intent", "")), text=turn.newest.body)
    if why:
        _open(conversation, why, read_to, now)
    else:
        ask_rescore(lead=conversation.lead, now=now)


def _open(conversation: Conversation, why: str, read_to: int, now: datetime) -> None:
    """One open at a time: what is written meanwhile is read by the one that waits, or by the next. It also scores."""
    row = Extraction(
        workspace_id=conversation.workspace_id,
        lead_id=conversation.lead_id,
        conversation=conversation,
        why=why,
        due_at=now,
        read_from=read_to,
        read_to=read_to,
    )
    Extraction.objects.bulk_create([row], ignore_conflicts=True)
    kick(_task())


def _read_to(conversation: Conversation) -> int:
    newest = Extraction.objects.filter(conversation=conversation).order_by("-id").values_list("read_to", flat=True)
    return newest.first() or 0


def _task() -> Any:
    from agents.tasks import extract_facts

    return extract_facts
