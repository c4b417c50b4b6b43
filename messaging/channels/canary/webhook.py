"""Our requests to ourselves: the signature that the door checks, and which event it is. Pure functions."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Final

KIND: Final = "canary"
SIGNATURE_HEADER: Final = "x-canary-signature"
TOLERANCE_SECONDS: Final = 180


def sign(*, signing_key: str, target: str, body: bytes, at: datetime) -> str:
    """The header's value. `target` is the path and the query that are called; the host may be a proxy's."""
    signed_at = str(int(at.timestamp()))
    return f"t={signed_at},v1={_digest(signing_key, signed_at, target, body)}"


def verify(*, headers: Mapping[str, str], target: str, body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    signing_key = secrets.get("signing_key")
    pairs = [part.partition("=") for part in headers.get(SIGNATURE_HEADER, "").split(",")]
    given = {name: value for name, _, value in pairs}
    signed_at = given.get("t", "")
    if not signing_key or not _is_recent(signed_at, now):
        return False
    expected = _digest(signing_key, signed_at, target, body)
    return hmac.compare_digest(expected.encode(), given.get("v1", "").encode())


def run_key(run: int) -> str:
    """What the message of a run is known by, as the event's key and as the provider's id."""
    return f"run:{run}"


def _digest(signing_key: str, signed_at: str, target: str, body: bytes) -> str:
    signed = b"\n".join((signed_at.encode(), target.encode(), body))
    return hmac.new(signing_key.encode(), signed, hashlib.sha256).hexdigest()


def _is_recent(signed_at: str, now: datetime) -> bool:
    if not (signed_at.isascii() and signed_at.isdigit() and len(signed_at) <= 12):
        return False
    return abs(now.timestamp() - int(signed_at)) <= TOLERANCE_SECONDS
