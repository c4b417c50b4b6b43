"""Keeping a file: its size, its real type and a scanner decide; then it is stored, with a small picture of it.

All of this is slow and none of it touches the database: no transaction is open meanwhile.
"""

import hashlib
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from messaging.media_fetch import Fetched, MediaRefused, TooLarge
from messaging.media_scan import scan
from messaging.media_types import ALLOWED, INLINE, UNKNOWN, safe_name, sniff, suffix_of
from messaging.models import Attachment
from messaging.thumbnails import Thumbnail, thumbnail_of


@dataclass(frozen=True, slots=True)
class Kept:
    """What stands in storage now, in the words of the row."""

    file_name: str
    claimed_type: str
    content_type: str
    size: int
    sha256: str
    file: str
    thumbnail: str = ""
    width: int | None = None
    height: int | None = None


KEPT_FIELDS = tuple(Kept.__dataclass_fields__)


def keep(fetched: Fetched, *, attachment_id: UUID, workspace_id: int) -> Kept:
    """Raises MediaRefused for what is not to be kept and MediaUnavailable when nobody could look at it."""
    content_type = checked_type(fetched)
    folder = f"attachments/{workspace_id}/{attachment_id}"
    small = thumbnail_of(fetched.content) if content_type in INLINE else None
    return Kept(
        file_name=safe_name(fetched.file_name, content_type),
        claimed_type=fetched.content_type.partition(";")[0].strip()[:100],
        content_type=content_type,
        size=len(fetched.content),
        sha256=hashlib.sha256(fetched.content).hexdigest(),
        file=_write(f"{folder}/file{suffix_of(content_type)}", fetched.content),
        **_small(folder, small),
    )


def checked_type(fetched: Fetched) -> str:
    """What the content is; raises MediaRefused for what is empty, too large, of no allowed type, or infected."""
    if not fetched.content:
        raise MediaRefused("The file is empty.")
    if len(fetched.content) > settings.MEDIA_MAX_BYTES:
        raise TooLarge(settings.MEDIA_MAX_BYTES)
    content_type = sniff(fetched.content, fetched.content_type)
    if content_type not in (settings.MEDIA_TYPES or ALLOWED):
        named = "of an unknown type" if content_type == UNKNOWN else f"of the type {content_type}"
        raise MediaRefused(f"The file is {named}, which is not taken in.")
    if found := scan(fetched.content, fetched.file_name):
        raise MediaRefused(f"The scanner found {found}.")
    return content_type


def _small(folder: str, small: Thumbnail | None) -> dict[str, Any]:
    if small is None:
        return {}
    written = _write(f"{folder}/small.webp", small.content)
    return {"thumbnail": written, "width": small.width, "height": small.height}


def _write(name: str, content: bytes) -> str:
    """A worker that died after writing left a file of this name behind: it is written anew."""
    default_storage.delete(name)
    return default_storage.save(name, ContentFile(content))


def forget(attachment: Attachment) -> None:
    """Take what is stored of it away; the row is the caller's."""
    for stored in (attachment.file, attachment.thumbnail):
        if stored:
            default_storage.delete(str(stored.name))
