"""Sending mails. Neither a mail server nor a service shows a list of what it has that is surely complete."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from django.core.mail import EmailMessage

from messaging.transports import Capabilities, ErrorKind, Outgoing, Receipt, Seen, TransportError

from . import services
from .checks import CAPABILITIES
from .smtp import MailServer
from .writing import message_id, write

Send = Callable[[EmailMessage], str]


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> EmailTransport:
    return EmailTransport(config, secrets)


class EmailTransport:
    capabilities: Capabilities = CAPABILITIES

    def __init__(self, config: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        self._config = config
        self._secrets = secrets

    def send(self, outgoing: Outgoing) -> Receipt:
        mail = write(outgoing, self._config)
        if self._config["provider"] == "smtp":
            self._send_by_smtp(mail, outgoing.to)
            return Receipt(provider_id=message_id(outgoing.message_id, self._config)[:160], status="accepted")
        return Receipt(provider_id=services.send(mail, self._config, self._secrets), status="accepted")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        raise TransportError(ErrorKind.REJECTED, detail="there is no list of mails that were sent")

    def _send_by_smtp(self, mail: EmailMessage, to: str) -> None:
        content = mail.message().as_bytes(linesep="\r\n")  # type: ignore[call-arg]  # Django's own message
        MailServer(self._config, self._secrets).send(sender=self._config["sender"], to=to, content=content)
