"""What a file really is: looked at, whatever was claimed. Pure.

A claim only decides between types that the same bytes may have (a sound or a film in the same container), and among
plain texts, which have no mark of their own.
"""

from __future__ import annotations

import re
import zipfile
from io import BytesIO
from typing import Final

import puremagic

UNKNOWN: Final = "application/octet-stream"
_OFFICE: Final = "application/vnd.openxmlformats-officedocument"

ALLOWED: Final = (
    "image/jpeg", "image/png", "image/gif", "image/webp", "image/heif",
    "audio/ogg", "audio/mpeg", "audio/mp4", "audio/aac", "audio/amr", "audio/wav", "audio/webm", "audio/3gpp",
    "video/mp4", "video/3gpp", "video/webm", "video/quicktime", "video/ogg",
    "application/pdf", "application/zip", "application/msword", "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint", f"{_OFFICE}.wordprocessingml.document", f"{_OFFICE}.spreadsheetml.sheet",
    f"{_OFFICE}.presentationml.presentation", "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet", "application/rtf",
    "text/plain", "text/csv", "text/vcard", "text/calendar", "application/x-tgsticker",
)  # fmt: skip
"""What is taken in unless `MEDIA_TYPES` says otherwise: nothing that a browser or a system would run."""

INLINE: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Pictures that a browser may show on our own pages: none of them can hold a script."""

SUFFIXES: Final = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "image/heif": ".heic",
    "audio/ogg": ".ogg", "audio/mpeg": ".mp3", "audio/mp4": ".m4a", "audio/aac": ".aac", "audio/amr": ".amr",
    "audio/wav": ".wav", "audio/webm": ".weba", "audio/3gpp": ".3ga", "video/mp4": ".mp4", "video/3gpp": ".3gp",
    "video/webm": ".webm", "video/quicktime": ".mov", "video/ogg": ".ogv", "application/pdf": ".pdf",
    "application/zip": ".zip", "application/msword": ".doc", "application/vnd.ms-excel": ".xls",
    "application/vnd.ms-powerpoint": ".ppt", f"{_OFFICE}.wordprocessingml.document": ".docx",
    f"{_OFFICE}.spreadsheetml.sheet": ".xlsx", f"{_OFFICE}.presentationml.presentation": ".pptx",
    "application/vnd.oasis.opendocument.text": ".odt", "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/rtf": ".rtf", "text/plain": ".txt", "text/csv": ".csv", "text/vcard": ".vcf",
    "text/calendar": ".ics", "application/x-tgsticker": ".tgs",
}  # fmt: skip

_SPELLINGS: Final = {
    "application/ogg": "audio/ogg",
    "audio/wave": "audio/wav",
    "audio/x-wav": "audio/wav",
    "audio/x-m4a": "audio/mp4",
    "application/x-gzip": "application/gzip",
    "text/rtf": "application/rtf",
    "image/heic": "image/heif",
}
_SUFFIX_TYPES: Final = {".amr": "audio/amr", ".mp3": "audio/mpeg", ".vcf": "text/vcard", ".m4a": "audio/mp4"}
_CONTAINERS: Final = {
    "video/mp4": "audio/mp4",
    "video/3gpp": "audio/3gpp",
    "video/webm": "audio/webm",
    "audio/ogg": "video/ogg",
}
"""The other type that the same bytes may have."""
_OLD_OFFICE: Final = ("application/msword", "application/vnd.ms-excel", "application/vnd.ms-powerpoint")
_TEXTS: Final = ("text/csv", "text/vcard", "text/calendar", "text/plain")
_ZIPPED: Final = {
    "word/": "wordprocessingml.document",
    "xl/": "spreadsheetml.sheet",
    "ppt/": "presentationml.presentation",
}
_MARKUP: Final = re.compile(
    rb"<(?:!doctype|html|head|body|script|iframe|svg|\?xml|[a-z]+:?[a-z]* xmlns)", re.IGNORECASE
)
_TEXT_MARKS: Final = {
    b"%PDF-": "application/pdf",
    b"BEGIN:VCARD": "text/vcard",
    b"BEGIN:VCALENDAR": "text/calendar",
    b"{\\rtf": "application/rtf",
}
_SURE: Final = 0.5


def sniff(content: bytes, claimed: str = "") -> str:
    """The type of the content; `application/octet-stream` for what nobody recognises."""
    claimed = claimed.partition(";")[0].strip().lower()
    head = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if marked := next((kind for mark, kind in _TEXT_MARKS.items() if head.startswith(mark)), ""):
        return marked
    if content.startswith(b"PK\x03\x04"):
        return _zipped(content)
    if content.startswith(b"\xd0\xcf\x11\xe0"):
        return claimed if claimed in _OLD_OFFICE else _OLD_OFFICE[0]
    is_text = _is_text(content)
    if is_text and _MARKUP.search(head[:1024]):
        return "image/svg+xml" if b"<svg" in head.lower() else "text/html"
    return _by_mark(content, claimed, sure=is_text) or _as_text(is_text, claimed)


def suffix_of(content_type: str) -> str:
    return SUFFIXES.get(content_type, ".bin")


def safe_name(name: str, content_type: str) -> str:
    """A name to show and to save under: no folders, no control characters, and the suffix that its content has."""
    bare = "".join(letter for letter in name.replace("\\", "/").rpartition("/")[2] if letter.isprintable()).strip(" .")
    stem, dot, suffix = bare.rpartition(".")
    known = suffix_of(content_type)
    if dot and f".{suffix.lower()}" in (known, *_ALSO.get(known, ())):
        return f"{stem[:100] or 'file'}.{suffix}"
    return f"{bare[:100] or 'file'}{known}"


_ALSO: Final = {
    ".jpg": (".jpeg", ".jfif"),
    ".ogg": (".oga", ".opus"),
    ".mp4": (".m4v",),
    ".txt": (".log", ".md"),
    ".heic": (".heif",),
}


def _by_mark(content: bytes, claimed: str, *, sure: bool) -> str:
    """By the bytes it begins with. Of a text only a sure mark counts: many a word begins like some old format."""
    if not content:
        return ""
    try:
        found = puremagic.magic_string(content[: 64 * 1024])
    except (puremagic.PureError, ValueError):
        return ""
    types = [_named(match) for match in found if match.confidence >= _SURE or not sure]
    named = next((kind for kind in types if kind), "")
    if named == "video/mp4" and content[8:11] == b"M4A":
        return "audio/mp4"
    return claimed if claimed and claimed == _CONTAINERS.get(named) else named


def _named(match: puremagic.PureMagicWithConfidence) -> str:
    known = _SUFFIX_TYPES.get(match.extension, "")
    kind = known if not match.mime_type or match.mime_type == UNKNOWN else match.mime_type
    return _SPELLINGS.get(kind, kind)


def _zipped(content: bytes) -> str:
    """Office documents are archives; which one it is stands in the names inside. Nothing is unpacked."""
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            names = archive.namelist()[:2000]
            if names[:1] == ["mimetype"] and archive.getinfo("mimetype").file_size < 200:
                return archive.read("mimetype").decode("ascii", "ignore").strip() or "application/zip"
    except (zipfile.BadZipFile, KeyError, NotImplementedError, OSError, RuntimeError, ValueError):
        return "application/zip"
    if any(name.endswith("vbaProject.bin") for name in names):
        return "application/vnd.ms-office.macroenabled"
    if "[Content_Types].xml" not in names:
        return "application/java-archive" if "META-INF/MANIFEST.MF" in names else "application/zip"
    return next((f"{_OFFICE}.{kind}" for folder, kind in _ZIPPED.items() if _has(names, folder)), "application/zip")


def _has(names: list[str], folder: str) -> bool:
    return any(name.startswith(folder) for name in names)


def _is_text(content: bytes) -> bool:
    if b"\x00" in content[:65536]:
        return False
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _as_text(is_text: bool, claimed: str) -> str:
    if not is_text:
        return UNKNOWN
    return claimed if claimed in _TEXTS else "text/plain"
