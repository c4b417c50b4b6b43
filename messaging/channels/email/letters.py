"""A mail as it came: headers, text, HTML, files; whichever service passes it on, and in whichever shape. Pure.

All of them may also pass on the mail itself (MIME), which is then read instead of what they made of it.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from typing import Any, Final

from messaging.incoming import UnreadablePayload, storable

from .forms import Part, parts_of
from .webhook import read_json

MIME: Final = "message/rfc822"
"""The shape of a mail as it travels, which is how a mailbox gives it."""

MOST_HEADERS: Final = 500
MOST_FILES: Final = 100
LONGEST_HEADER: Final = 10_000
LONGEST_TEXT: Final = 200_000
"""Characters of a mail's text that stand in the thread; the stored event has all of it."""


class UnreadableLetter(UnreadablePayload):
    """No mail that could be shown; the text says what is missing."""


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    content_type: str
    file_name: str
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Letter:
    """Header names are in lower case; `recipients` is where the service says that it was delivered."""

    headers: tuple[tuple[str, str], ...]
    text: str
    html: str
    files: tuple[File, ...] = ()
    recipients: tuple[str, ...] = ()
    report: str = ""  # of a mail server that could not deliver: its lines for machines

    def header(self, name: str) -> str:
        return next((value for known, value in self.headers if known == name), "")

    def all(self, *names: str) -> list[str]:
        return [value for known, value in self.headers if known in names]


def read_letter(body: bytes, content_type: str) -> Letter:
    """Raises UnreadableLetter or another UnreadablePayload."""
    if content_type.lower().startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
        return _of_form(body, content_type)
    if content_type.lower().startswith(MIME):
        return read_mime(body)
    return _of_postmark(read_json(body))


# -- forms: Mailgun, SendGrid --------------------------------------------------------------------------------------


def _of_form(body: bytes, content_type: str) -> Letter:
    parts = list(parts_of(body, content_type))
    form = {part.name: part for part in parts if not part.file_name}
    raw = form.get("body-mime") or form.get("email")
    if raw:
        found = read_mime(raw.content)
    elif "message-headers" in form:
        found = _of_mailgun(form, parts)
    elif "headers" in form:
        found = _of_sendgrid(form, parts)
    else:
        raise UnreadableLetter("the form holds no mail: neither message-headers nor headers")
    recipients = [_text(form, "recipient"), *_envelope(_text(form, "envelope"))]
    return _with_recipients(found, recipients)


def _of_mailgun(form: Mapping[str, Part], parts: list[Part]) -> Letter:
    pairs = _json(_text(form, "message-headers"))
    headers = [(pair[0], pair[1]) for pair in pairs if isinstance(pair, list) and len(pair) == 2] if pairs else []
    return Letter(_headers(headers), _text(form, "body-plain"), _text(form, "body-html"), _files_in(parts))


def _of_sendgrid(form: Mapping[str, Part], parts: list[Part]) -> Letter:
    """Its texts come in the mail's own character sets, which it names beside them."""
    charsets = _json(_text(form, "charsets"))
    known = charsets if isinstance(charsets, dict) else {}
    head = message_from_bytes(_content(form, "headers") + b"\r\n\r\n")
    text, html = (_text(form, name, str(known.get(name) or "utf-8")) for name in ("text", "html"))
    return Letter(_headers_of(head), text, html, _files_in(parts))


def _files_in(parts: list[Part]) -> tuple[File, ...]:
    found = [part for part in parts if part.file_name]
    return tuple(File(part.content, part.content_type, part.file_name, part.content_id) for part in found[:MOST_FILES])


def _envelope(text: str) -> list[str]:
    envelope = _json(text)
    to = envelope.get("to") if isinstance(envelope, dict) else None
    return [str(address) for address in to[:50]] if isinstance(to, list) else []


def _content(form: Mapping[str, Part], name: str) -> bytes:
    return form[name].content if name in form else b""


def _text(form: Mapping[str, Part], name: str, charset: str = "utf-8") -> str:
    return _decoded(_content(form, name), charset)


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None


# -- Postmark ------------------------------------------------------------------------------------------------------


def _of_postmark(content: Any) -> Letter:
    if not isinstance(content, dict) or not isinstance(content.get("Headers"), list):
        raise UnreadableLetter("Headers: is not a list")
    if isinstance(content.get("RawEmail"), str):
        found = read_mime(content["RawEmail"].encode("utf-8", "replace"))
    else:
        found = _of_fields(content)
    return _with_recipients(found, [_word(content.get("OriginalRecipient"))])


def _of_fields(content: Mapping[str, Any]) -> Letter:
    """Postmark leaves out of the headers what it has a field for."""
    shown = [(_word(one.get("Name")), _word(one.get("Value"))) for one in content["Headers"] if isinstance(one, dict)]
    fields = [(name, _word(content.get(name))) for name in ("From", "To", "Cc", "Subject", "Date")]
    files = content.get("Attachments")
    return Letter(
        _headers([*shown, *((name, value) for name, value in fields if value)]),
        storable(_word(content.get("TextBody"))),
        storable(_word(content.get("HtmlBody"))),
        tuple(_postmark_files(files[:MOST_FILES] if isinstance(files, list) else [])),
    )


def _postmark_files(files: list[Any]) -> Iterator[File]:
    for file in files:
        if isinstance(file, dict):
            yield File(
                _from_base64(_word(file.get("Content"))),
                _word(file.get("ContentType")),
                _word(file.get("Name")),
                _word(file.get("ContentID")),
            )


def _from_base64(text: str) -> bytes:
    try:
        return base64.b64decode(text)
    except (ValueError, binascii.Error):
        return b""


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""


# -- MIME ----------------------------------------------------------------------------------------------------------


def read_mime(raw: bytes) -> Letter:
    """Raises UnreadableLetter."""
    try:
        whole = message_from_bytes(raw)
        leaves = list(_leaves(whole))
    except (RecursionError, ValueError, LookupError, AssertionError):
        raise UnreadableLetter("the mail is nested too deeply, or is no mail") from None
    headers = _headers_of(whole)
    if not headers:
        raise UnreadableLetter("the mail has no headers")
    text, html = (_first(leaves, kind) for kind in ("text/plain", "text/html"))
    files = [_file(leaf) for leaf in leaves if _is_file(leaf)]
    return Letter(headers, text, html, tuple(files[:MOST_FILES]), report=_report(whole))


def _leaves(whole: Message) -> Iterator[Message]:
    """A mail that is attached to a mail is one file."""
    if whole.get_content_type() == "message/rfc822" or not whole.is_multipart():
        yield whole
        return
    for part in whole.get_payload():
        yield from _leaves(part)  # type: ignore[arg-type]


def _first(leaves: list[Message], kind: str) -> str:
    found = next((leaf for leaf in leaves if leaf.get_content_type() == kind and not _is_file(leaf)), None)
    return _decoded(_bytes(found), found.get_content_charset() or "utf-8") if found else ""


def _is_file(leaf: Message) -> bool:
    return leaf.get_content_disposition() == "attachment" or leaf.get_content_maintype() != "text"


def _file(leaf: Message) -> File:
    return File(_bytes(leaf), leaf.get_content_type(), _file_name(leaf), str(leaf.get("content-id") or ""))


def _file_name(leaf: Message) -> str:
    try:
        return _plain(leaf.get_filename() or "")
    except (ValueError, LookupError, TypeError):
        return ""


def _bytes(leaf: Message) -> bytes:
    """An attached mail is given as it stands there."""
    if leaf.is_multipart():
        return b"\r\n".join(bytes(part) for part in leaf.get_payload())  # type: ignore[arg-type]
    try:
        content = leaf.get_payload(decode=True)
    except (ValueError, LookupError, AssertionError):
        return b""
    return content if isinstance(content, bytes) else b""


def _report(whole: Message) -> str:
    """The lines for machines of a report that a mail could not be delivered (RFC 3464), with the mail's own headers."""
    if whole.get_content_type() != "multipart/report" or not whole.is_multipart():
        return ""
    parts = [part for part in whole.get_payload() if isinstance(part, Message)]
    about = [part for part in parts if part.get_content_type() != "text/plain"]
    return storable(b"\n".join(bytes(part)[:20_000] for part in about).decode("utf-8", "replace"))


# -- headers -------------------------------------------------------------------------------------------------------


def _headers_of(message: Message) -> tuple[tuple[str, str], ...]:
    return _headers([(name, str(value)) for name, value in message.items()])


def _headers(pairs: list[tuple[Any, Any]]) -> tuple[tuple[str, str], ...]:
    shown = [(str(name).lower(), _plain(str(value)[:LONGEST_HEADER])) for name, value in pairs[:MOST_HEADERS]]
    return tuple(shown)


def _plain(value: str) -> str:
    """Encoded words decoded, on one line. What cannot be decoded is shown as it stands."""
    try:
        text = str(make_header(decode_header(value)))
    except (HeaderParseError, ValueError, LookupError, AssertionError, binascii.Error):
        text = value
    return storable(" ".join(text.split()))


def _decoded(content: bytes, charset: str) -> str:
    try:
        text = content.decode(charset, "replace")
    except (LookupError, ValueError):
        text = content.decode("utf-8", "replace")
    return storable(text)


def _with_recipients(letter: Letter, recipients: list[str]) -> Letter:
    found = tuple(storable(address)[:1000] for address in recipients if address)
    return Letter(letter.headers, letter.text, letter.html, letter.files, found, letter.report)
