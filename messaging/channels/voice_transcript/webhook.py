"""A telephone system's requests: the signature, and what may be kept of them. Pure functions.

X-Baton-Signature: t=<seconds since 1970>,v1=<hex HMAC-SHA256 of "<t>.<raw body>" with the signing key>
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from messaging.incoming import UnreadablePayload

SIGNATURE_HEADER: Final = "x-baton-signature"
TOLERANCE_SECONDS: Final = 300

WITHOUT_WORDS: Final = ("id", "started_at", "ended_at", "direction", "participant", "consent")
"""All that is kept of a call whose customer did not agree to more. Any other field could hold words."""


class NotACall(UnreadablePayload):
    """The body is no JSON object with an id."""


def sign(*, signing_key: str, body: bytes, at: datetime) -> str:
    signed_at = str(int(at.timestamp()))
    return f"t={signed_at},v1={_digest(signing_key, signed_at, body)}"


def is_signed(*, header: str, body: bytes, signing_key: str, now: datetime) -> bool:
    pairs = [part.strip().partition("=") for part in header.split(",")[:10]]
    given = {name: value for name, _, value in pairs}
    signed_at = given.get("t", "")
    if not signing_key or not _is_recent(signed_at, now):
        return False
    expected = _digest(signing_key, signed_at, body)
    return hmac.compare_digest(expected.encode(), given.get("v1", "").encode("utf-8", "replace"))


def _digest(signing_key: str, signed_at: str, body: bytes) -> str:
    return hmac.new(signing_key.encode(), signed_at.encode() + b"." + body, hashlib.sha256).hexdigest()


def _is_recent(signed_at: str, now: datetime) -> bool:
    if not (signed_at.isascii() and signed_at.isdigit() and len(signed_at) <= 12):
        return False
    return abs(now.timestamp() - int(signed_at)) <= TOLERANCE_SECONDS


def read_call(body: bytes) -> dict[str, Any]:
    """Raises NotACall."""
    try:
        call = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise NotACall("the body is not JSON") from None
    if not isinstance(call, dict):
        raise NotACall("the body is not a JSON object")
    return call


def key_of(call: Mapping[str, Any], body: bytes) -> str:
    """A call without a usable id is kept as well, under the hash of its body, and parked when it is read."""
    found = call.get("id")
    if isinstance(found, str) and 0 < len(found) <= 160 and found.isascii() and found.isprintable():
        return found
    return f"body:{hashlib.sha256(body).hexdigest()}"


def kept_of(call: Mapping[str, Any]) -> bytes | None:
    """What is stored instead of the body: without consent no word of it. None: the body as it came."""
    if call.get("consent") is True:
        return None
    return json.dumps({name: _plain(call[name]) for name in WITHOUT_WORDS if name in call}).encode()


def _plain(value: Any) -> Any:
    """Short texts and the participant's names; nothing that a transcript could be hidden in."""
    if isinstance(value, dict):
        return {name: value[name][:160] for name in ("phone", "email", "name") if isinstance(value.get(name), str)}
    return value[:160] if isinstance(value, str) else value if isinstance(value, bool) else None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
