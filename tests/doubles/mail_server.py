"""Doubles of a mail server: one takes mails (SMTP), one holds a mailbox (IMAP). Both misbehave by script.

    with SmtpDouble() as server:
        server.refuse("RCPT", 550, "5.1.1 no such user")
        server.fault("drop_after_data")  # it has the mail, and does not say so
        server.mails                     # what it is responsible for

Without encryption: what is tested is what is said.
"""

from __future__ import annotations

import base64
import re
import socket
import socketserver
import threading
from collections import deque
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from typing import Any, Self

USER, PASSWORD = "sales@acme.test", "the-mail-password"


@dataclass(frozen=True, slots=True)
class Taken:
    sender: str
    to: str
    content: bytes

    @property
    def mail(self) -> Message:
        return message_from_bytes(self.content)

    @property
    def text(self) -> str:
        return bytes(self.mail.get_payload(decode=True)).decode().strip()  # type: ignore[arg-type]


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    block_on_close = False
    double: Any


class TcpDouble:
    """A line-based server on a free port."""

    def __init__(self, handler: type[socketserver.StreamRequestHandler]) -> None:
        self._server = _Server(("127.0.0.1", 0), handler)
        self._server.double = self
        self.host, self.port = "127.0.0.1", self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()


# -- SMTP ----------------------------------------------------------------------------------------------------------


class SmtpDouble(TcpDouble):
    """`users`: without any, the server wants no login."""

    def __init__(self, *, users: dict[str, str] | None = None) -> None:
        super().__init__(_Smtp)
        self.users = users if users is not None else {USER: PASSWORD}
        self.mails: list[Taken] = []
        self.faults: deque[str] = deque()
        self.refusals: dict[str, deque[tuple[int, str]]] = {}

    def fault(self, name: str) -> None:
        """drop_at_greeting, drop_at_rcpt, drop_before_data, drop_after_data, garbage_after_data: the next mail so."""
        self.faults.append(name)

    def refuse(self, command: str, code: int, words: str) -> None:
        """The next time this command comes."""
        self.refusals.setdefault(command, deque()).append((code, words))

    def settings(self) -> dict[str, str]:
        login = {"smtp_user": USER, "smtp_password": PASSWORD} if self.users else {}
        return {"smtp_host": self.host, "smtp_port": str(self.port), "smtp_security": "none", **login}


class _Smtp(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.double: SmtpDouble = self.server.double  # type: ignore[attr-defined]
        self.fault = self.double.faults.popleft() if self.double.faults else ""
        self.sender = self.to = ""
        if self.fault == "drop_at_greeting":
            return
        self.say(220, "mail.acme.test ESMTP")
        while line := self.rfile.readline(4096):
            if not self.obey(line.decode("latin-1").strip()):
                return

    def say(self, code: int, words: str) -> None:
        self.wfile.write(f"{code} {words}\r\n".encode())

    def obey(self, line: str) -> bool:
        """False: the connection is over."""
        command = line.upper().partition(" ")[0]
        refusals = self.double.refusals.get(command)
        if refusals:
            self.say(*refusals.popleft())
            return True
        if self.fault == f"drop_at_{command.lower()}":
            return False
        return bool(getattr(self, f"do_{command.lower()}", self.do_unknown)(line))

    def do_ehlo(self, line: str) -> bool:
        self.wfile.write(b"250-mail.acme.test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n")
        return True

    def do_auth(self, line: str) -> bool:
        _, user, password = base64.b64decode(line.split()[-1]).decode().split("\0")
        is_known = self.double.users.get(user) == password
        self.say(*((235, "2.7.0 welcome") if is_known else (535, "5.7.8 authentication failed")))
        return True

    def do_mail(self, line: str) -> bool:
        self.sender = line.partition("<")[2].partition(">")[0]
        self.say(250, "2.1.0 ok")
        return True

    def do_rcpt(self, line: str) -> bool:
        self.to = line.partition("<")[2].partition(">")[0]
        self.say(250, "2.1.5 ok")
        return True

    def do_data(self, line: str) -> bool:
        if self.fault == "drop_before_data":
            return False
        self.say(354, "go on")
        lines = []
        while (got := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(got[1:] if got.startswith(b"..") else got)
        self.double.mails.append(Taken(self.sender, self.to, b"".join(lines)))
        if self.fault == "drop_after_data":
            return False
        if self.fault == "garbage_after_data":
            self.wfile.write(b"\xff\xfe\r\n")
            return False
        self.say(250, "2.0.0 queued as 42")
        return True

    def do_rset(self, line: str) -> bool:
        self.say(250, "2.0.0 ok")
        return True

    def do_quit(self, line: str) -> bool:
        self.say(221, "2.0.0 bye")
        return False

    def do_unknown(self, line: str) -> bool:
        self.say(502, "5.5.1 what?")
        return True


# -- IMAP ----------------------------------------------------------------------------------------------------------


class ImapDouble(TcpDouble):
    """`deliver` puts a mail into the mailbox; `renumber` gives all of them new numbers, as a restored server does."""

    def __init__(self) -> None:
        super().__init__(_Imap)
        self.validity = 7
        self.mails: dict[int, bytes] = {}
        self.next_number = 1
        self.read: list[int] = []
        self.is_down = False

    def deliver(self, raw: bytes) -> int:
        self.mails[self.next_number] = raw
        self.next_number += 1
        return self.next_number - 1

    def renumber(self) -> None:
        kept = list(self.mails.values())
        self.validity += 1
        self.mails, self.next_number = {}, 1
        for raw in kept:
            self.deliver(raw)

    def settings(self) -> dict[str, str]:
        return {
            "imap_host": self.host,
            "imap_port": str(self.port),
            "imap_security": "none",
            "imap_user": USER,
            "imap_password": PASSWORD,
        }


class _Imap(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.double: ImapDouble = self.server.double  # type: ignore[attr-defined]
        if self.double.is_down:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(b"* OK IMAP4rev1 ready\r\n")
        while line := self.rfile.readline(8192):
            tag, _, rest = line.decode("latin-1").strip().partition(" ")
            if not self.obey(tag, rest):
                return

    def obey(self, tag: str, rest: str) -> bool:
        command, _, arguments = rest.partition(" ")
        answers = {
            "CAPABILITY": self.capability,
            "LOGIN": self.login,
            "EXAMINE": self.examine,
            "UID": self.uid,
        }
        if command.upper() == "LOGOUT":
            self.wfile.write(f"* BYE\r\n{tag} OK bye\r\n".encode())
            return False
        found = answers.get(command.upper())
        said = found(arguments) if found else "BAD what?"
        self.wfile.write(f"{tag} {said}\r\n".encode())
        return True

    def capability(self, arguments: str) -> str:
        self.wfile.write(b"* CAPABILITY IMAP4rev1\r\n")
        return "OK done"

    def login(self, arguments: str) -> str:
        user, password = (word.strip('"') for word in arguments.split(" ", 1))
        return "OK in" if (user, password) == (USER, PASSWORD) else "NO [AUTHENTICATIONFAILED] wrong"

    def examine(self, arguments: str) -> str:
        if arguments.strip('"') != "INBOX":
            return "NO no such folder"
        double = self.double
        self.wfile.write(
            f"* {len(double.mails)} EXISTS\r\n* OK [UIDVALIDITY {double.validity}] valid\r\n"
            f"* OK [UIDNEXT {double.next_number}] next\r\n".encode()
        )
        return "OK [READ-ONLY] open"

    def uid(self, arguments: str) -> str:
        command, _, rest = arguments.partition(" ")
        return self.search(rest) if command.upper() == "SEARCH" else self.fetch(rest)

    def search(self, rest: str) -> str:
        numbers = sorted(self.double.mails)
        if match := re.fullmatch(r"UID (\d+):\*", rest):
            last = numbers[-1:]  # `9:*` is the last one, too, when there is no ninth
            numbers = sorted({*(number for number in numbers if number >= int(match[1])), *last})
        self.wfile.write(f"* SEARCH {' '.join(map(str, numbers))}\r\n".encode())
        return "OK done"

    def fetch(self, rest: str) -> str:
        number = int(rest.partition(" ")[0])
        raw = self.double.mails.get(number)
        if raw is None:
            return "OK nothing"
        if "RFC822.SIZE" in rest:
            self.wfile.write(f"* 1 FETCH (UID {number} RFC822.SIZE {len(raw)})\r\n".encode())
        else:
            self.double.read.append(number)
            self.wfile.write(f"* 1 FETCH (UID {number} BODY[] {{{len(raw)}}}\r\n".encode() + raw + b")\r\n")
        return "OK done"
