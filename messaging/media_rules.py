"""Which files a channel can send, as data, and what is wrong with those that it cannot. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from .media_fetch import megabytes

if TYPE_CHECKING:
    from .transports import Capabilities

MB: Final = 1024 * 1024
ANY: Final = "*"
OFFICE: Final = tuple(
    f"application/{name}"
    for name in (
        "msword",
        "vnd.ms-excel",
        "vnd.ms-powerpoint",
        "vnd.openxmlformats-officedocument.wordprocessingml.document",
        "vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "vnd.openxmlformats-officedocument.presentationml.presentation",
    )
)


@dataclass(frozen=True, slots=True)
class MediaRule:
    """Files of these types, up to so many bytes, are sent as `sent_as`; `caption` is the longest text beside one."""

    sent_as: str  # image | audio | video | document
    types: tuple[str, ...]
    max_bytes: int
    caption: int

    def covers(self, content_type: str) -> bool:
        return ANY in self.types or content_type in self.types


@dataclass(frozen=True, slots=True)
class OutgoingFile:
    """A file to send: by `url`, which anybody may fetch for a few hours, or by its content, which `read()` gives."""

    url: str
    content_type: str
    file_name: str
    size: int
    read: Callable[[], bytes]


class File(Protocol):
    @property
    def file_name(self) -> str: ...
    @property
    def content_type(self) -> str: ...
    @property
    def size(self) -> int | None: ...


def rule_for(can: Capabilities, file: File) -> MediaRule | None:
    """The first rule that takes the file: a large picture may still go as a document."""
    fitting = (rule for rule in can.media_rules if rule.covers(file.content_type))
    return next((rule for rule in fitting if (file.size or 0) <= rule.max_bytes), None)


def why_unfit(can: Capabilities, label: str, files: Sequence[File], body: str) -> str:
    """Why these files with this text cannot leave on the channel, as a sentence; nothing when they can."""
    if not files:
        return ""
    if not can.media_rules:
        return f"{label} cannot send files."
    if len(files) > can.max_media:
        allowed = "one file" if can.max_media == 1 else f"{can.max_media} files"
        return f"{label} takes {allowed} a message."
    reasons = (_why_file(can, label, file, body) for file in files)
    return next((reason for reason in reasons if reason), "")


def _why_file(can: Capabilities, label: str, file: File, body: str) -> str:
    covering = [rule for rule in can.media_rules if rule.covers(file.content_type)]
    if not covering:
        return f"{label} does not take files of the type {file.content_type} ({file.file_name})."
    rule = rule_for(can, file)
    if rule is None:
        limit = megabytes(max(rule.max_bytes for rule in covering))
        return f"{file.file_name} has {megabytes(file.size or 0)}; {label} takes at most {limit} of this type."
    if body and not rule.caption:
        return f"{label} shows no text beside a file of this type: send the words and {file.file_name} one by one."
    if len(body) > rule.caption:
        return f"{label} takes at most {rule.caption} characters beside a file: send the words on their own."
    return ""
