"""Where words to a lead leave: on the channel of their newest message, or on the one that they prefer."""

from datetime import datetime

from django.db import transaction

from crm.models import User
from crm.models.consent import Purpose
from crm.services.consent import is_opted_out
from crm.services.trail import record_decision
from messaging.models import Channel, Conversation, ServiceWindow
from messaging.transports import about, capabilities_of
from project.kernel.errors import WrongValues

from .conversations import lock_conversation, next_seq


def reply_channel(conversation: Conversation, now: datetime) -> Channel:
    """The channel for the next words; the trail says when a preference cannot be followed. The row is locked."""
    if conversation.preferred_channel_id in (None, conversation.channel_id):
        return conversation.channel
    preferred = conversation.preferred_channel
    assert preferred is not None
    why = _unusable(conversation, preferred, now)
    if not why:
        return preferred
    record_decision(
        lead=conversation.lead,
        actor="outbox",
        kind="channel.fallback",
        reason=f"They prefer {_title(preferred)}, but {why}; answered on {_title(conversation.channel)}.",
        now=now,
        preferred=preferred.pk,
        used=conversation.channel_id,
    )
    return conversation.channel


def _unusable(conversation: Conversation, channel: Channel, now: datetime) -> str:
    """Why words cannot leave there now; empty when they can."""
    if capabilities_of(channel.kind).receives_only:
        return "nothing can be sent there"
    if channel.paused_at is not None:
        return "its sender is paused"
    if is_opted_out(conversation.lead_id, channel.kind, Purpose.SERVICE):
        return "they asked for no messages there"
    window = ServiceWindow.objects.filter(conversation=conversation, channel=channel).first()
    if window is None:
        return "they never wrote there, so no address of theirs is known"
    if window.closes_at is not None and window.closes_at <= now:
        return "its service window is closed"
    return ""


@transaction.atomic
def prefer_channel(*, conversation: Conversation, channel: Channel | None, user: User, now: datetime) -> None:
    """Answer the lead there from now on; None: where they wrote last. Raises WrongValues for a foreign channel."""
    conversation = lock_conversation(conversation)
    if channel is not None and channel.workspace_id != conversation.workspace_id:
        raise WrongValues({"preferred_channel": "belongs to another workspace"})
    if (channel.pk if channel else None) == conversation.preferred_channel_id:
        return
    conversation.preferred_channel = channel
    conversation.save(update_fields=["preferred_channel"])
    where = f"on {_title(channel)}" if channel else "where they wrote last"
    record_decision(
        lead=conversation.lead,
        actor=str(user),
        kind="lead.channel_preferred",
        reason=f"{user} set that {conversation.lead} is answered {where}.",
        now=now,
        channel=channel.pk if channel else None,
        user=user.pk,
    )
    next_seq(conversation)


def _title(channel: Channel) -> str:
    return f"{about(channel.kind).label} ({channel.name})"
