"""What the team attaches: taken in first, without a message; then a message takes it along."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from crm.models import User, Workspace
from messaging import transports
from messaging.media_fetch import Fetched, MediaError
from messaging.media_rules import why_unfit
from messaging.models import Attachment, Channel, Message
from messaging.models.media import AttachmentState
from project.kernel.errors import WrongValues

from .media_keeping import KEPT_FIELDS, keep

FORGOTTEN_AFTER = timedelta(days=1)
"""An upload that no message took."""


class UnfitFile(WrongValues):
    """The file cannot be sent, or not with these words on this channel."""

    def __init__(self, reason: str) -> None:
        super().__init__({"attachments": reason})
        self.reason = reason

    def __str__(self) -> str:
        return self.reason


def keep_upload(
    *, workspace: Workspace, user: User, content: bytes, file_name: str, content_type: str, now: datetime
) -> Attachment:
    """Take in a person's file, under the same rules as a customer's. Raises UnfitFile."""
    attachment_id = uuid.uuid4()
    try:
        kept = keep(Fetched(content, content_type, file_name), attachment_id=attachment_id, workspace_id=workspace.pk)
    except MediaError as error:
        raise UnfitFile(error.reason) from error
    return Attachment.objects.create(
        id=attachment_id,
        workspace=workspace,
        state=AttachmentState.UPLOADED,
        uploaded_by=user,
        created_at=now,
        due_at=now + FORGOTTEN_AFTER,
        **{name: getattr(kept, name) for name in KEPT_FIELDS},
    )


def check_fit(channel: Channel, attachments: Sequence[Attachment], body: str) -> None:
    """Raises UnfitFile with the reason that the channel has."""
    can, label = transports.capabilities_of(channel.kind), transports.about(channel.kind).title
    if reason := why_unfit(can, label, attachments, body):
        raise UnfitFile(reason)


def items_of(attachments: Sequence[Attachment]) -> list[dict[str, Any]]:
    """How they stand in the message's `media`."""
    return [
        {
            "attachment": str(attachment.pk),
            "content_type": attachment.content_type,
            "file_name": attachment.file_name,
            "size": attachment.size,
        }
        for attachment in attachments
    ]


def attach(message: Message, attachments: Sequence[Attachment]) -> None:
    """Give uploads to their message, in its transaction. Raises UnfitFile for one that another message took."""
    for position, attachment in enumerate(attachments):
        free = Attachment.objects.filter(
            pk=attachment.pk, workspace_id=message.workspace_id, state=AttachmentState.UPLOADED
        )
        taken = free.update(
            message=message, position=position, state=AttachmentState.STORED, due_at=None, claimed_until=None
        )
        if not taken:
            raise UnfitFile(f"{attachment.file_name} was sent already, or is not kept any more: attach it again.")
