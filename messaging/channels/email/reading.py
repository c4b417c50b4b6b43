"""What a mail says: who wrote, what is new in it, and which of our mails it answers. Pure."""

from __future__ import annotations

import hashlib
import html as entities
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import getaddresses, parsedate_to_datetime
from typing import Any, Final
from uuid import UUID

import nh3
from mailparser_reply import EmailReplyParser

from crm.emails import NotAnEmail, to_email

from .letters import LONGEST_TEXT, Letter, UnreadableLetter

LANGUAGES: Final = ("en", "de", "es", "fr", "it", "nl", "pl", "cs", "da", "sv", "ja", "ko", "zh")
TRIMMED_LENGTH: Final = 20_000
"""Beyond so many characters nobody wrote anew; and the parser's patterns are not to be tried on a book."""

LONGEST_LINE: Final = 400

MOST_REFERENCES: Final = 20
OLDEST: Final = timedelta(days=7)
"""A mail that claims to be older than this when it comes has a clock that is wrong."""

_TOKEN: Final = re.compile(r"\+([0-9a-f]{32})@", re.IGNORECASE)
_OUR_ID: Final = re.compile(r"<([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@", re.IGNORECASE)
_MESSAGE_ID: Final = re.compile(r"<[!-;=?-~]{1,900}>")
_INTRODUCTION: Final = re.compile(
    r"^\s*>?\s*(?:em|no dia|on|am|el|le|il|op|pada|w dniu|den)\b.{4,300}?"
    r"(?:escreveu|escribió|wrote|schrieb|a écrit|ha scritto|schreef|menulis|napisał\(a\)|skrev)\b.{0,200}:\s*$",
    re.IGNORECASE,
)
_FORWARDED: Final = re.compile(r"^\s*-{4,}\s*(original message|mensagem original|mensaje original|ursprüngliche)", re.I)
_BREAKS: Final = re.compile(r"<(?:br|/p|/div|/tr|/li|/h[1-6])\b[^<>]{0,200}>", re.IGNORECASE)
_BLANK_LINES: Final = re.compile(r"\n[ \t\r]*(?:\n[ \t\r]*)+\n?")


@dataclass(frozen=True, slots=True)
class Mail:
    address: str
    name: str
    subject: str
    said: str  # what is new
    text: str  # with what it quotes
    html: str
    message_id: str
    references: tuple[str, ...]
    answered: tuple[UUID, ...]  # messages of ours that it names
    at: datetime

    @property
    def body(self) -> str:
        return self.said or self.subject

    @property
    def provider_id(self) -> str:
        """A Message-ID is the sender's to choose: a long one is known by its hash."""
        if len(self.message_id) <= 160:
            return self.message_id
        return f"sha256:{hashlib.sha256(self.message_id.encode()).hexdigest()}"


def read_mail(letter: Letter, *, received_at: datetime) -> Mail:
    """Raises UnreadableLetter for a mail without a sender."""
    name, address = _sender(letter)
    text = letter.text if letter.text.strip() else text_of(letter.html)
    return Mail(
        address=address,
        name=name,
        subject=letter.header("subject")[:500],
        said=newest_part(text),
        text=text[:LONGEST_TEXT],
        html=nh3.clean(letter.html[:LONGEST_TEXT], link_rel="noopener noreferrer nofollow") if letter.html else "",
        message_id=_message_id(letter),
        references=tuple(_references(letter)),
        answered=tuple(dict.fromkeys(_answered(letter))),
        at=_moment(letter.header("date"), received_at),
    )


def media_of(letter: Letter, shape: str) -> list[dict[str, Any]]:
    """Files are cut out of the stored event by their number; `shape` is its content type, without which nobody can."""
    return [
        {
            "url": "",
            "file_id": f"part:{number}",
            "content_type": (file.content_type.partition(";")[0].strip().lower() or "application/octet-stream")[:100],
            "file_name": file.file_name[:200],
            "size": len(file.content),
            "shape": shape,
        }
        for number, file in enumerate(letter.files)
    ]


def thread_in(mail: Mail) -> Mapping[str, Any]:
    return {"message_id": mail.message_id, "references": list(mail.references), "subject": mail.subject}


# -- who -----------------------------------------------------------------------------------------------------------


def _sender(letter: Letter) -> tuple[str, str]:
    """The first address in From; a display name says whatever its sender likes."""
    for name, address in getaddresses([letter.header("from")])[:1]:
        try:
            return name[:255], to_email(address)
        except NotAnEmail as error:
            raise UnreadableLetter(f"from: {error}") from None
    raise UnreadableLetter("from: nobody")


def _message_id(letter: Letter) -> str:
    """A mail without one is known by all that it says."""
    if found := _MESSAGE_ID.search(letter.header("message-id")):
        return found[0]
    whole = repr((letter.headers, letter.text, letter.html))
    return f"<{hashlib.sha256(whole.encode()).hexdigest()}@without-id.invalid>"


def _references(letter: Letter) -> Iterator[str]:
    found = _MESSAGE_ID.findall(" ".join([*letter.all("references"), *letter.all("in-reply-to")]))
    yield from list(dict.fromkeys(found))[-MOST_REFERENCES:]


def _answered(letter: Letter) -> Iterator[UUID]:
    """Our mails have the message's id in their Message-ID and in the address that answers go to."""
    to = " ".join([*letter.recipients, *letter.all("to", "cc", "delivered-to", "x-original-to", "envelope-to")])
    replied = " ".join(letter.all("in-reply-to"))
    earlier = reversed(_OUR_ID.findall(" ".join(letter.all("references"))))
    for found in (*_TOKEN.findall(to), *_OUR_ID.findall(replied), *earlier, *_OUR_ID.findall(letter.report)):
        yield UUID(found)


def _moment(date: str, received_at: datetime) -> datetime:
    try:
        at = parsedate_to_datetime(date)
        at = at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return received_at
    return at if received_at - OLDEST <= at <= received_at else received_at


# -- what ----------------------------------------------------------------------------------------------------------


def newest_part(text: str) -> str:
    """What this mail adds, without the mails that it quotes; all of it when nothing would be left."""
    whole = _tidy(text[:TRIMMED_LENGTH])
    above = _above_quotation(whole)
    return _parsed(above).strip() or above.strip() or whole.strip()


def _parsed(text: str) -> str:
    """The parser's patterns take a time that grows with the square of a line's length. No line that introduces a
    quotation is that long: long ones are put aside meanwhile.
    """
    lines = text.split("\n")
    long = {_mark(number): line for number, line in enumerate(lines) if len(line) > LONGEST_LINE}
    short = "\n".join(line if len(line) <= LONGEST_LINE else _mark(number) for number, line in enumerate(lines))
    try:
        newest = EmailReplyParser(languages=list(LANGUAGES)).parse_reply(short) or ""
    except (ValueError, IndexError, RecursionError):
        return text
    return "\n".join(long.get(line, line) for line in newest.split("\n"))


def _mark(number: int) -> str:
    return f"\ue000{number}\ue000"


def _above_quotation(text: str) -> str:
    """What the parser has no language for: lines that introduce a quotation, and quoted lines at the end."""
    lines = text.split("\n")
    begins = (number for number, line in enumerate(lines) if _INTRODUCTION.match(line) or _FORWARDED.match(line))
    kept = lines[: next(begins, len(lines))]
    while kept and (not kept[-1].strip() or kept[-1].lstrip().startswith(">")):
        kept.pop()
    return "\n".join(kept)


def text_of(html: str) -> str:
    """The words of a mail that has only HTML."""
    broken = _BREAKS.sub("\n", html[:LONGEST_TEXT])
    return _tidy(entities.unescape(nh3.clean(broken, tags=set(), attributes={})))


def _tidy(text: str) -> str:
    return _BLANK_LINES.sub("\n\n", text.replace("\r\n", "\n").replace("\r", "\n").replace("\u00a0", " "))
