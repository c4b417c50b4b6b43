"""Meta's requests to us: is it Meta, what does it want to hear, and which batch is it?

Pure functions over the raw request, without Django, so that the lean door can call them.
https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
from typing import Any, Final
from urllib.parse import parse_qs

from messaging.incoming import UnreadablePayload, storable

SIGNATURE_HEADER: Final = "x-hub-signature-256"
MAX_CHALLENGE: Final = 256


class NotJson(UnreadablePayload):
    """The body is no JSON object that can be read and stored."""


def sign(body: bytes, app_secret: str) -> str:
    return hmac.digest(app_secret.encode(), body, "sha256").hex()


def is_signed(body: bytes, header: str, app_secret: str) -> bool:
    """Signed are the raw bytes; a channel without an app secret believes nobody."""
    algorithm, _, signature = header.partition("=")
    if not app_secret or algorithm != "sha256":
        return False
    return hmac.compare_digest(sign(body, app_secret).encode(), signature.encode("utf-8", "replace"))


def challenge_of(query: str, verify_token: str) -> bytes | None:
    """What Meta wants to read back; None when it does not know the verify token, or asks for something else."""
    asked = parse_qs(query)
    mode, token, challenge = (asked.get(f"hub.{name}", [""])[0] for name in ("mode", "verify_token", "challenge"))
    is_known = hmac.compare_digest(token.encode("utf-8", "replace"), verify_token.encode())
    if not verify_token or not is_known or mode != "subscribe" or not 0 < len(challenge) <= MAX_CHALLENGE:
        return None
    return challenge.encode("utf-8", "replace")


def batch_key(body: bytes, app_secret: str) -> str:
    """The same for a repeated delivery. What it holds is known by keys of its own, should it come in other batches."""
    return f"batch:{sign(body, app_secret)}"


def digest_of(value: Any) -> str:
    """A name for what has no id of its own."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def read_json(body: bytes) -> dict[str, Any]:
    """The object in `body`, with nothing in it that PostgreSQL refuses; raises NotJson."""
    try:
        content = _storable(json.loads(body, parse_constant=_refuse_constant))
    except RecursionError:
        raise NotJson("nested too deeply") from None
    except ValueError as error:
        raise NotJson(str(error)[:200]) from None
    if not isinstance(content, dict):
        raise NotJson("not an object")
    return content


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    if isinstance(value, dict):
        return {storable(name): _storable(item) for name, item in value.items()}
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number is too large")
    return value
