"""Nothing is sent: the gate lets nothing come here, and what came all the same is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from messaging.transports import Capabilities, ErrorKind, Outgoing, Receipt, Seen, TransportError

from .checks import CAPABILITIES


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> NoTransport:
    return NoTransport()


class NoTransport:
    capabilities: Capabilities = CAPABILITIES

    def send(self, outgoing: Outgoing) -> Receipt:
        raise TransportError(ErrorKind.REJECTED, detail="nothing can be sent on this channel")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        return []
