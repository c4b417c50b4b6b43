"""Looking into a mailbox (IMAP). Nothing in it is changed: no mail is marked as read, moved or deleted."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from messaging.transports import ErrorKind, TransportError

TIMEOUT_SECONDS: Final = 15.0

_SIZE: Final = re.compile(rb"RFC822\.SIZE (\d+)")


class Mailbox:
    """An open one. `validity` and a mail's number name the mail for ever; a new validity means new numbers."""

    def __init__(self, box: imaplib.IMAP4, validity: int, next_number: int) -> None:
        self._box = box
        self.validity = validity
        self.next_number = next_number

    def numbers_from(self, first: int) -> list[int]:
        """In order. A server answers `7:*` with its last mail, however low its number is."""
        found = self._ask("SEARCH", f"UID {first}:*")
        numbers = sorted(int(number) for number in b" ".join(filter(None, found)).split() if number.isdigit())
        return [number for number in numbers if number >= first]

    def numbers_since(self, day: str) -> list[int]:
        found = self._ask("SEARCH", "SINCE", day)
        return sorted(int(number) for number in b" ".join(filter(None, found)).split() if number.isdigit())

    def size_of(self, number: int) -> int:
        answer = b" ".join(_flat(self._ask("FETCH", str(number), "(RFC822.SIZE)")))
        size = _SIZE.search(answer)
        return int(size[1]) if size else 0

    def read(self, number: int) -> bytes:
        """The mail as it came; b"" when it was taken away meanwhile."""
        answer = self._ask("FETCH", str(number), "(BODY.PEEK[])")
        return next((bytes(item[1]) for item in answer if isinstance(item, tuple)), b"")

    def _ask(self, command: str, *arguments: str) -> list[Any]:
        try:
            kind, answer = self._box.uid(command, *arguments)
        except (imaplib.IMAP4.error, OSError) as error:
            raise _silent(error) from None
        if kind != "OK":
            raise TransportError(ErrorKind.MISCONFIGURED, detail=f"{command}: {answer!r}"[:300])
        return list(answer)


@contextmanager
def open_mailbox(config: Mapping[str, str], secrets: Mapping[str, str]) -> Iterator[Mailbox]:
    """Raises TransportError."""
    box = _connected(config)
    try:
        _log_in(box, config.get("imap_user") or config["sender"], secrets.get("imap_password", ""))
        yield _selected(box, config.get("imap_folder") or "INBOX")
    finally:
        with suppress(imaplib.IMAP4.error, OSError):
            box.logout()


def _connected(config: Mapping[str, str]) -> imaplib.IMAP4:
    security = config.get("imap_security") or "tls"
    host, port = config["imap_host"], int(config.get("imap_port") or (993 if security == "tls" else 143))
    context = ssl.create_default_context()
    try:
        if security == "tls":
            return imaplib.IMAP4_SSL(host, port, ssl_context=context, timeout=TIMEOUT_SECONDS)
        box = imaplib.IMAP4(host, port, timeout=TIMEOUT_SECONDS)
        if security == "starttls":
            box.starttls(ssl_context=context)
        return box
    except ssl.SSLError as error:
        raise TransportError(ErrorKind.MISCONFIGURED, detail=f"{type(error).__name__}: {error}"[:300]) from None
    except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
        raise _silent(error) from None


def _log_in(box: imaplib.IMAP4, user: str, password: str) -> None:
    try:
        box.login(user, password)
    except imaplib.IMAP4.abort as error:
        raise _silent(error) from None
    except (imaplib.IMAP4.error, UnicodeError):
        raise TransportError(ErrorKind.SENDER_BLOCKED, code="login", detail="the mailbox refused the login") from None
    except OSError as error:
        raise _silent(error) from None


def _selected(box: imaplib.IMAP4, folder: str) -> Mailbox:
    quoted = '"' + folder.replace("\\", "\\\\").replace('"', '\\"') + '"'
    try:
        kind, _ = box.select(quoted, readonly=True)
    except (imaplib.IMAP4.error, OSError, UnicodeError) as error:
        raise _silent(error) from None
    if kind != "OK":
        raise TransportError(ErrorKind.MISCONFIGURED, code="folder", detail=f"there is no folder {folder}")
    return Mailbox(box, _number(box, "UIDVALIDITY"), _number(box, "UIDNEXT"))


def _number(box: imaplib.IMAP4, name: str) -> int:
    told = box.response(name)[1]
    return int(told[0]) if told and told[0] and bytes(told[0]).isdigit() else 0


def _silent(error: Exception) -> TransportError:
    return TransportError(ErrorKind.UNREACHABLE, detail=f"{type(error).__name__}: {error}"[:300])


def _flat(answer: list[Any]) -> Iterator[bytes]:
    for item in answer:
        yield from (part for part in (item if isinstance(item, tuple) else (item,)) if isinstance(part, bytes))
