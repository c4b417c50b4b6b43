"""Sending in the web chat: the stored message is the delivery, so it is accepted at once.

The visitor's page fetches what is accepted; its receipts come back through `transcript.record_seen`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from messaging.transports import Capabilities, Outgoing, Receipt, Seen

from .checks import CAPABILITIES


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> WebchatTransport:
    return WebchatTransport()


class WebchatTransport:
    capabilities: Capabilities = CAPABILITIES

    def send(self, outgoing: Outgoing) -> Receipt:
        return Receipt(provider_id=outgoing.message_id, status="accepted")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        return []
