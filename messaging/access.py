"""The doors to this floor's rows."""

from uuid import UUID

from crm.access import NotFound, require
from crm.models import User, Workspace

from .models import Channel, Conversation, Message


def access_conversation(user: User, workspace: Workspace, conversation_id: int, action: str = "read") -> Conversation:
    """The conversation, for a member whose role covers `action`. Raises NotFound or NotAllowed."""
    require(user, workspace, action)
    conversation = (
        Conversation.objects.filter(workspace=workspace, pk=conversation_id)
        .select_related("lead", "channel", "workspace", "assignee")
        .first()
    )
    if conversation is None:
        raise NotFound("There is no such conversation.")
    return conversation


def access_channel(user: User, workspace: Workspace, channel_id: int, action: str = "configure") -> Channel:
    require(user, workspace, action)
    channel = Channel.objects.filter(workspace=workspace, pk=channel_id).first()
    if channel is None:
        raise NotFound("There is no such channel.")
    return channel


def access_message(user: User, workspace: Workspace, message_id: UUID, action: str = "read") -> Message:
    require(user, workspace, action)
    message = Message.objects.filter(workspace=workspace, pk=message_id).select_related("lead", "channel").first()
    if message is None:
        raise NotFound("There is no such message.")
    return message
