"""The signature on what we send, and the check that a receiver makes. Pure."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

HEADER: Final = "Baton-Signature"
TOLERANCE_SECONDS: Final = 300


def new_secret() -> str:
    return f"whsec_{secrets.token_urlsafe(32)}"


def sign(secret: str, body: bytes, at: int) -> str:
    """`t=<seconds>,v1=<hex>`: the time is signed with the body, so that an old delivery cannot be played again."""
    signed = f"{at}.".encode() + body
    return f"t={at},v1={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"


def is_signed(secret: str, body: bytes, header: str, now: int) -> bool:
    """Whether the header is ours and not older than five minutes."""
    parts = dict(part.partition("=")[::2] for part in header.split(","))
    at = parts.get("t", "")
    if not at.isascii() or not at.isdigit() or abs(now - int(at)) > TOLERANCE_SECONDS:
        return False
    return hmac.compare_digest(sign(secret, body, int(at)), header)
