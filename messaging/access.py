"""The doors to this floor's rows."""

from collections.abc import Sequence
from uuid import UUID

from crm.access import NotFound, require
from crm.models import User, Workspace

from .models import Attachment, Channel, Conversation, Message, MessageTemplate, TemplateUse


def access_conversation(user: User, workspace: Workspace, conversation_id: int, action: str = "read") -> Conversation:
    """The conversation, for a member whose role covers `action`. Raises NotFound or NotAllowed.

    One whose lead was merged into somebody else is found as theirs, so that old links go on working.
    """
    require(user, workspace, action)
    found = Conversation.everything.filter(workspace=workspace).select_related(
        "lead", "channel", "workspace", "assignee"
    )
    conversation = found.filter(pk=conversation_id).first()
    if conversation is None:
        raise NotFound("There is no such conversation.")
    return found.get(pk=conversation.merged_into_id) if conversation.merged_into_id else conversation


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


def access_attachment(
    user: User, workspace: Workspace, attachment_id: UUID, action: str = "read", *, kept: bool = True
) -> Attachment:
    """A file of the workspace; with `kept`, only one whose content is here."""
    require(user, workspace, action)
    found = Attachment.objects.filter(workspace=workspace, pk=attachment_id).first()
    if found is None or (kept and not found.file):
        raise NotFound("There is no such file.")
    return found


def access_uploads(user: User, workspace: Workspace, attachment_ids: Sequence[UUID]) -> list[Attachment]:
    """Files that this person may send, in the order given. Raises NotFound or NotAllowed."""
    require(user, workspace, "reply")
    known = {found.pk: found for found in Attachment.objects.filter(workspace=workspace, pk__in=attachment_ids)}
    if missing := [attachment_id for attachment_id in attachment_ids if attachment_id not in known]:
        raise NotFound(f"There is no such file: {missing[0]}.")
    return [known[attachment_id] for attachment_id in attachment_ids]


def access_template(user: User, workspace: Workspace, template_id: int, action: str = "read") -> MessageTemplate:
    require(user, workspace, action)
    template = MessageTemplate.objects.filter(workspace=workspace, pk=template_id).first()
    if template is None:
        raise NotFound("There is no such template.")
    return template


def access_template_use(user: User, workspace: Workspace, use_id: int, action: str = "configure") -> TemplateUse:
    require(user, workspace, action)
    use = TemplateUse.objects.filter(workspace=workspace, pk=use_id).select_related("template").first()
    if use is None:
        raise NotFound("There is no such use of a template.")
    return use
