"""The null transport: nothing leaves the installation, and what it takes is reported as delivered at our own door."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from messaging.transports import Capabilities, Outgoing, Receipt, Seen

from .caller import CallFailed, call_door
from .checks import CAPABILITIES
from .payloads import Reported

logger = logging.getLogger(__name__)


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> CanaryTransport:
    return CanaryTransport(signing_key=secrets["signing_key"])


class CanaryTransport:
    capabilities: Capabilities = CAPABILITIES

    def __init__(self, *, signing_key: str) -> None:
        self._signing_key = signing_key

    def send(self, outgoing: Outgoing) -> Receipt:
        self._report(outgoing)
        return Receipt(provider_id=outgoing.message_id, status="accepted")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        return []

    def _report(self, outgoing: Outgoing) -> None:
        """A report that is not taken in is lost, as a provider's would be: the run then waits for it in vain."""
        report = Reported(message=UUID(outgoing.message_id), status="delivered")
        try:
            call_door(outgoing.status_url or "", signing_key=self._signing_key, content=report)
        except CallFailed as error:
            logger.warning("canary.report_lost", extra={"message_id": outgoing.message_id, "error": str(error)})
