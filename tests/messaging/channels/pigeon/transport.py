from collections.abc import Mapping
from datetime import datetime

from messaging.transports import Capabilities, ErrorKind, Outgoing, Receipt, Seen, TransportError

from .checks import CAPABILITIES
from .errors import reaction_for

SKY: list[Outgoing] = []
"""What is in the air: the provider of these tests."""


def build(config: Mapping[str, str], secrets: Mapping[str, str]) -> "PigeonTransport":
    return PigeonTransport()


class PigeonTransport:
    capabilities: Capabilities = CAPABILITIES

    def send(self, outgoing: Outgoing) -> Receipt:
        if outgoing.to == "the hawk's wood":
            raise TransportError(ErrorKind.REJECTED, code="hawk", reaction=reaction_for("hawk"))
        SKY.append(outgoing)
        return Receipt(provider_id=f"flight-{len(SKY)}", status="accepted")

    def list_recent(self, *, to: str | None = None, sender: str | None = None, since: datetime) -> list[Seen]:
        return []
