"""Short-lived public addresses of files, for providers that fetch what they are to send, and for web-chat visitors."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, TimestampSigner

from messaging.media_rules import OutgoingFile
from messaging.models import Attachment, Channel, Message
from messaging.models.media import AttachmentState
from project.kernel.scope import across_workspaces

VALID_FOR = timedelta(hours=4)
"""As long as a provider may keep a message in its own queue."""

_signer = TimestampSigner(salt="messaging.media")


class LinkExpired(Exception):
    """The address was good once, or never."""


def public_url_of(attachment: Attachment, channel: Channel) -> str:
    """It ends with the file's name: providers show that name, and some tell the type by it."""
    base = channel.settings.get("public_base_url") or settings.PUBLIC_BASE_URL
    return f"{base.rstrip('/')}{public_path_of(attachment)}"


def public_path_of(attachment: Attachment) -> str:
    return f"/m/{_signer.sign(attachment.pk.hex)}/{quote(attachment.file_name)}"


def attachment_behind(token: str) -> Attachment:
    """The file of a signed address. Raises LinkExpired."""
    try:
        attachment_id = UUID(_signer.unsign(token, max_age=VALID_FOR))
    except (BadSignature, ValueError) as error:
        raise LinkExpired from error
    with across_workspaces():
        attachment = Attachment.objects.filter(pk=attachment_id, state=AttachmentState.STORED).first()
    if attachment is None:
        raise LinkExpired
    return attachment


def outgoing_files(message: Message) -> tuple[OutgoingFile, ...]:
    """The message's files as its transport gets them, in their order; one query, and none without files."""
    if not any("attachment" in item for item in message.media):
        return ()
    found = Attachment.objects.filter(message=message, state=AttachmentState.STORED).order_by("position")
    return tuple(_outgoing(attachment, message.channel) for attachment in found)


def _outgoing(attachment: Attachment, channel: Channel) -> OutgoingFile:
    return OutgoingFile(
        url=public_url_of(attachment, channel),
        content_type=attachment.content_type,
        file_name=attachment.file_name,
        size=attachment.size or 0,
        read=lambda: read_content(attachment),
    )


def read_content(attachment: Attachment) -> bytes:
    with attachment.file.open("rb") as stored:
        content: Any = stored.read()
    return bytes(content)
