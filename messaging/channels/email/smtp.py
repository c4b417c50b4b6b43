"""Handing a mail to a mail server (SMTP), with every way in which that may end told apart.

Until the server has the whole mail nothing has left: what breaks before may be done again. What breaks while the server
should say that it has it leaves open whether it does.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final

from messaging.transports import ErrorKind, TransportError

from .errors import reaction_for

CONNECT_SECONDS: Final = 3.0
WHOLE_SECONDS: Final = 9.0
"""Together below the ten seconds that a send may take."""

_ENHANCED: Final = re.compile(rb"^\s*([245]\.\d{1,3}\.\d{1,3})\b")


class MailServer:
    def __init__(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self.host = config["smtp_host"]
        self.security = config.get("smtp_security") or "starttls"
        self.port = int(config.get("smtp_port") or (465 if self.security == "tls" else 587))
        self._user = config.get("smtp_user", "")
        self._password = secrets.get("smtp_password", "")
        self._domain = config["sender"].partition("@")[2]

    def send(self, *, sender: str, to: str, content: bytes) -> str:
        """What the server said when it took the mail; raises TransportError."""
        if not to.isascii():
            raise TransportError(
                ErrorKind.INVALID_RECIPIENT, code="invalid", detail="the address holds letters outside of ASCII"
            )
        with self.session() as (smtp, hurry):
            _ask(hurry, lambda: smtp.mail(sender, _options(smtp)), refused_as="sender")
            _ask(hurry, lambda: smtp.rcpt(to))
            return _hand_over(smtp, hurry, content)

    @contextmanager
    def session(self) -> Iterator[tuple[smtplib.SMTP, Callable[[], None]]]:
        """Connected, encrypted as the settings say, and logged in; raises TransportError."""
        smtp = self._connected()
        hurry = _deadline(smtp)
        try:
            self._greet(smtp, hurry)
            yield smtp, hurry
        finally:
            with suppress(OSError, smtplib.SMTPException):
                smtp.close()

    def _connected(self) -> smtplib.SMTP:
        options: dict[str, Any] = {"timeout": CONNECT_SECONDS, "local_hostname": self._domain}
        try:
            if self.security == "tls":
                context = ssl.create_default_context()
                return smtplib.SMTP_SSL(self.host, self.port, context=context, **options)
            return smtplib.SMTP(self.host, self.port, **options)
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, _bytes(error.smtp_error)) from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise TransportError(ErrorKind.UNREACHABLE, detail=_name_of(error)) from None

    def _greet(self, smtp: smtplib.SMTP, hurry: Callable[[], None]) -> None:
        try:
            hurry()
            smtp.ehlo_or_helo_if_needed()
            if self.security == "starttls":
                hurry()
                smtp.starttls(context=ssl.create_default_context())
                smtp.ehlo()
            if self._user:
                hurry()
                smtp.login(self._user, self._password)
        except smtplib.SMTPAuthenticationError as error:
            raise _refusal(error.smtp_code, _bytes(error.smtp_error), refused_as="login") from None
        except smtplib.SMTPNotSupportedError as error:
            raise TransportError(ErrorKind.MISCONFIGURED, detail=f"not offered by the mail server: {error}") from None
        except smtplib.SMTPResponseException as error:
            raise _refusal(error.smtp_code, _bytes(error.smtp_error)) from None
        except ssl.SSLError as error:
            raise TransportError(ErrorKind.MISCONFIGURED, detail=_name_of(error)) from None
        except (OSError, smtplib.SMTPException, UnicodeError) as error:
            raise TransportError(ErrorKind.UNREACHABLE, detail=_name_of(error)) from None


def _options(smtp: smtplib.SMTP) -> list[str]:
    """Texts are UTF-8; a server that does not say that it passes them on as they are mostly does all the same."""
    return ["BODY=8BITMIME"] if smtp.has_extn("8bitmime") else []


def _deadline(smtp: smtplib.SMTP) -> Callable[[], None]:
    """Called before each step: it gets what is left of the whole time."""
    ends_at = time.monotonic() + WHOLE_SECONDS - CONNECT_SECONDS

    def hurry() -> None:
        if isinstance(smtp.sock, socket.socket):
            smtp.sock.settimeout(max(ends_at - time.monotonic(), 0.1))

    return hurry


def _ask(hurry: Callable[[], None], step: Callable[[], tuple[int, bytes]], *, refused_as: str = "") -> None:
    hurry()
    try:
        code, said = step()
    except (OSError, smtplib.SMTPException) as error:
        raise TransportError(ErrorKind.UNREACHABLE, detail=_name_of(error)) from None
    if code not in (250, 251):
        raise _refusal(code, said, refused_as=refused_as if code >= 500 else "")


def _hand_over(smtp: smtplib.SMTP, hurry: Callable[[], None], content: bytes) -> str:
    """The server asks for the mail (354), reads it, and says that it is responsible for it from now on (250)."""
    hurry()
    try:
        code, said = smtp.data(content)
    except smtplib.SMTPDataError as error:  # it did not ask for it
        raise _refusal(error.smtp_code, _bytes(error.smtp_error)) from None
    except (OSError, smtplib.SMTPException) as error:
        raise TransportError(ErrorKind.UNKNOWN, detail=_name_of(error)) from None
    if not 400 <= code < 600 and code != 250:  # no answer that means anything
        raise TransportError(ErrorKind.UNKNOWN, detail=f"{code} {said.decode('utf-8', 'replace')}"[:300])
    if code != 250:
        raise _refusal(code, said)
    return said.decode("utf-8", "replace")


def _refusal(code: int, said: bytes, *, refused_as: str = "") -> TransportError:
    """The enhanced code says more than the old one; neither of them than what we asked for."""
    enhanced = _ENHANCED.match(said)
    known = refused_as or (enhanced[1].decode() if enhanced else str(code))
    reaction = reaction_for(known)
    detail = f"{code} {said.decode('utf-8', 'replace')}"[:500]
    return TransportError(reaction.kind, code=known, detail=detail, retry_after=reaction.retry_after, reaction=reaction)


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")


def _name_of(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:300]
