"""Files as the thread shows them: a picture, a player, something to save, or why there is nothing."""

from dataclasses import dataclass
from typing import Any

from django.template.defaultfilters import filesizeformat
from django.urls import reverse

from inbox.desk import Desk
from messaging.contents import media_label
from messaging.models import Attachment, Message
from messaging.models.media import AttachmentState

SHOWN_SIDE = 320
"""The longest side of a picture in the thread, in pixels of the page."""


@dataclass(frozen=True, slots=True)
class Shown:
    """`kind` is image, audio, video, file, or `line` where there is nothing but words."""

    kind: str
    label: str
    url: str = ""
    thumbnail: str = ""
    size: str = ""
    note: str = ""
    width: int = 0
    height: int = 0


def attachments_of(message: Message, desk: Desk) -> tuple[Shown, ...]:
    """In the order of the message's media. The message was read with its attachments."""
    rows = {row.position: row for row in message.attachments.all()}
    items = [item if isinstance(item, dict) else {} for item in message.media]
    return tuple(_shown(item, rows.get(position), desk) for position, item in enumerate(items))


def _shown(item: dict[str, Any], row: Attachment | None, desk: Desk) -> Shown:
    if row is None:
        return Shown("line", media_label(item), url=_web_address(item))
    if row.state != AttachmentState.STORED:
        return Shown("line", media_label(item), note=_note(row))
    url = reverse("inbox:attachment", args=[desk.workspace.slug, row.pk])
    kind = _kind(row)
    width, height = _on_the_page(row) if kind == "image" else (0, 0)
    thumbnail = reverse("inbox:thumbnail", args=[desk.workspace.slug, row.pk]) if kind == "image" else ""
    return Shown(kind, _label(item, row), url, thumbnail, str(filesizeformat(row.size or 0)), "", width, height)


def _label(item: dict[str, Any], row: Attachment) -> str:
    """The name that the customer gave it; a file without one is called what it is."""
    return row.file_name if item.get("file_name") else media_label(item).partition(" (")[0]


def _kind(row: Attachment) -> str:
    if row.thumbnail:
        return "image"
    return row.family if row.family in ("audio", "video") else "file"


def _note(row: Attachment) -> str:
    if row.state == AttachmentState.WANTED:
        return "Being fetched"
    return f"Not kept: {row.reason}"


def _on_the_page(row: Attachment) -> tuple[int, int]:
    """Said before it is there, so that nothing jumps when it comes."""
    width, height = row.width or SHOWN_SIDE, row.height or SHOWN_SIDE
    scale = min(1.0, SHOWN_SIDE / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def _web_address(item: dict[str, Any]) -> str:
    url = str(item.get("url") or "")
    return url if url.startswith(("https://", "http://", "/")) else ""
