import hmac
from collections.abc import Mapping

from messaging.incoming import UnreadablePayload

ENCLOSED = "\n--\n"


def verify(headers: Mapping[str, str], secrets: Mapping[str, str]) -> bool:
    return hmac.compare_digest(headers.get("x-whistle", ""), secrets["whistle"])


def read_letter(body: bytes) -> tuple[str, str, str]:
    """Who writes, the ring on the pigeon's foot, and the words."""
    parts = body.decode("utf-8", "replace").split("\n", 2)
    if len(parts) != 3:
        raise UnreadablePayload("no name, no ring or no words")
    return parts[0], parts[1], parts[2]
