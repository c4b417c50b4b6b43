"""What stands in a form that a service posts, urlencoded or in parts. Pure, and linear in the size of the body."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from email.message import Message
from typing import Final
from urllib.parse import unquote_plus

MOST_PARTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One field of a form. `file_name` is "" for a field that is no file."""

    name: str
    content: bytes
    file_name: str = ""
    content_type: str = ""
    content_id: str = ""


def parts_of(body: bytes, content_type: str) -> Iterator[Part]:
    boundary = boundary_of(content_type)
    return _multipart(body, boundary) if boundary else _urlencoded(body)


def field_of(body: bytes, content_type: str, names: Collection[str]) -> dict[str, str]:
    """These short fields as text; the last of repeated ones, as the services mean it."""
    found = {part.name: part.content for part in parts_of(body, content_type) if part.name in names}
    return {name: content[:1000].decode("utf-8", "replace") for name, content in found.items()}


def boundary_of(content_type: str) -> bytes:
    head = _head({"content-type": content_type.replace("\r", " ").replace("\n", " ")})
    if head.get_content_type() != "multipart/form-data":
        return b""
    return str(head.get_param("boundary", "") or "").encode("latin-1", "replace")


def _head(headers: dict[str, str]) -> Message:
    message = Message()
    for name, value in headers.items():
        message[name] = value
    return message


def _urlencoded(body: bytes) -> Iterator[Part]:
    for field in body.split(b"&", MOST_PARTS):
        name, _, value = field.partition(b"=")
        yield Part(_plain(name), _unquoted(value))


def _plain(name: bytes) -> str:
    return unquote_plus(name[:200].decode("latin-1"))


def _unquoted(value: bytes) -> bytes:
    return unquote_plus(value.decode("latin-1"), encoding="latin-1").encode("latin-1")


def _multipart(body: bytes, boundary: bytes) -> Iterator[Part]:
    for chunk in (b"\r\n" + body).split(b"\r\n--" + boundary, MOST_PARTS)[1:]:
        if chunk.startswith(b"--"):
            return
        head, _, content = chunk.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if part := _part(head[:10_000].decode("utf-8", "replace"), content):
            yield part


def _part(head: str, content: bytes) -> Part | None:
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in head.split("\r\n"))
    }
    about = _head({"content-disposition": headers.get("content-disposition", "").replace("\n", " ")})
    name = about.get_param("name", "", header="content-disposition")
    if not isinstance(name, str) or not name:
        return None
    try:
        file_name = about.get_filename("") or ""
    except (ValueError, LookupError):
        file_name = ""
    return Part(name, content, file_name, headers.get("content-type", ""), headers.get("content-id", ""))
