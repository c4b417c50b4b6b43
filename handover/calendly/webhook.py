"""Calendly's requests to us: is it Calendly, is it an event, and which one?

Pure functions over the raw request. https://developer.calendly.com/api-docs (webhook signatures)
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from messaging.incoming import UnreadablePayload

TOLERANCE_SECONDS: Final = 180
SIGNATURE_HEADER: Final = "calendly-webhook-signature"
_KEY_LENGTH: Final = 255


class NotAnEvent(UnreadablePayload):
    """The body is not a JSON object."""


def verify(*, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    signing_key = secrets.get("signing_key")
    header = next((value for name, value in headers.items() if name.lower() == SIGNATURE_HEADER), "")
    signed_at, signatures = _parts(header)
    if not signing_key or not _is_recent(signed_at, now):
        return False
    expected = hmac.new(signing_key.encode(), signed_at.encode() + b"." + body, hashlib.sha256).hexdigest()
    return any(hmac.compare_digest(expected.encode(), given.encode()) for given in signatures)


def _parts(header: str) -> tuple[str, list[str]]:
    pairs = [part.strip().partition("=") for part in header.split(",")]
    signed_at = next((value for name, _, value in pairs if name == "t"), "")
    return signed_at, [value for name, _, value in pairs if name == "v1" and value.isascii()]


def _is_recent(signed_at: str, now: datetime) -> bool:
    if not (signed_at.isascii() and signed_at.isdigit() and len(signed_at) <= 12):
        return False
    return abs(now.timestamp() - int(signed_at)) <= TOLERANCE_SECONDS


def parse_event(body: bytes) -> dict[str, Any]:
    """The envelope as it came; raises NotAnEvent."""
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        raise NotAnEvent from None
    if not isinstance(envelope, dict):
        raise NotAnEvent
    return envelope


def event_key(envelope: Mapping[str, Any]) -> str:
    """What makes an event itself. Calendly gives deliveries no id: the event and what it is about must do.

    An invitee may be marked absent, unmarked and marked again: the mark's own address tells these apart.
    """
    about = _payload(envelope)
    named = [envelope.get("event"), about.get("uri")]
    if str(named[0]).startswith("invitee_no_show"):
        mark = about.get("no_show")
        named.append(mark.get("uri") if isinstance(mark, Mapping) else None)
    key = " ".join(part for part in named if isinstance(part, str))
    is_usable = all(isinstance(part, str) and part for part in named[:2]) and key.isprintable()
    return key if is_usable and len(key) <= _KEY_LENGTH else f"event:{_digest(envelope)}"


def order_key(envelope: Mapping[str, Any]) -> str:
    """Whose events must be applied one after another: both halves of a reschedule carry one token."""
    about = _payload(envelope)
    tracking = about.get("tracking")
    token = tracking.get("utm_content") if isinstance(tracking, Mapping) else None
    for candidate in (token, about.get("email"), about.get("invitee"), about.get("uri")):
        if isinstance(candidate, str) and candidate.isprintable() and candidate:
            return candidate[:200]
    return ""


def _payload(envelope: Mapping[str, Any]) -> Mapping[str, Any]:
    payload = envelope.get("payload")
    return payload if isinstance(payload, Mapping) else {}


def _digest(envelope: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(envelope, sort_keys=True).encode()).hexdigest()
