"""The services' requests to us: is it the service, and which event is it? Pure functions over the raw request.

https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks,
https://postmarkapp.com/developer/webhooks/webhooks-overview, https://docs.svix.com/receiving/verifying-payloads/how-manual,
https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key

from messaging.incoming import UnreadablePayload

from .forms import field_of

SIGNED_FIELDS: Final = frozenset({"timestamp", "token", "signature"})
FORM_TYPES: Final = ("multipart/form-data", "application/x-www-form-urlencoded")
SENDGRID_SIGNATURE: Final = "x-twilio-email-event-webhook-signature"
SENDGRID_TIMESTAMP: Final = "x-twilio-email-event-webhook-timestamp"

MAX_SIGNED_BY_FIELDS: Final = 1024 * 1024
"""Mailgun's reports are small; only its mails are not, and those come as forms."""

TOLERANCE_SECONDS: Final = 300
PATIENCE_SECONDS: Final = 24 * 3600
"""Mailgun repeats a mail for eight hours, and need not sign it anew. Its tokens are good once."""


class NotJson(UnreadablePayload):
    """The body is not the JSON that this service sends."""


def is_genuine(
    provider: str, *, headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime
) -> bool:
    """Whether the service sent this. A channel without the secret for it believes nobody."""
    verify = _VERIFIERS.get(provider)
    return verify is not None and verify(headers, body, secrets, now)


def key_of(provider: str, *, headers: Mapping[str, str], body: bytes) -> str:
    """The same for a repeated delivery; a mail that comes again under another key is known by its Message-ID."""
    if provider == "mailgun":
        return f"mailgun:{_mailgun_fields(headers, body).get('token', '')}"[:255]
    if provider == "resend" and headers.get("svix-id"):
        return f"resend:{headers['svix-id']}"[:255]
    return f"body:{hashlib.sha256(body).hexdigest()}"


def digest_of(value: Any) -> str:
    """A name for a report that has none of its own."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def read_json(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        raise NotJson("the body is not JSON") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


# -- Mailgun -------------------------------------------------------------------------------------------------------


def sign_mailgun(key: str, timestamp: str, token: str) -> str:
    return hmac.new(key.encode(), f"{timestamp}{token}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def _is_mailgun(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    key, given = secrets.get("webhook_key", ""), _mailgun_fields(headers, body)
    if not key or not given.get("token") or not _is_near(given.get("timestamp", ""), now, PATIENCE_SECONDS):
        return False
    return _is_same(sign_mailgun(key, given["timestamp"], given["token"]), given.get("signature", ""))


def _mailgun_fields(headers: Mapping[str, str], body: bytes) -> dict[str, str]:
    content_type = headers.get("content-type", "")
    if content_type.lower().startswith(FORM_TYPES):
        return field_of(body, content_type, SIGNED_FIELDS)
    if len(body) > MAX_SIGNED_BY_FIELDS or not content_type.lower().startswith("application/json"):
        return {}
    try:
        content = read_json(body)
    except NotJson:
        return {}
    signed = content.get("signature") if isinstance(content, dict) else None
    return {name: str(signed.get(name) or "") for name in SIGNED_FIELDS} if isinstance(signed, dict) else {}


# -- Postmark, SendGrid, Resend ------------------------------------------------------------------------------------


def _has_login(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    login = secrets.get("webhook_login", "")
    expected = base64.b64encode(login.encode()).decode()
    scheme, _, given = headers.get("authorization", "").partition(" ")
    return bool(login) and scheme.lower() == "basic" and _is_same(expected, given.strip())


def _is_sendgrid(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    """Events are signed when a key is set; its mails cannot be."""
    if SENDGRID_SIGNATURE not in headers:
        return _has_login(headers, body, secrets, now)
    key = _public_key(secrets.get("webhook_key", ""))
    if key is None:
        return False
    try:
        signature = base64.b64decode(headers[SENDGRID_SIGNATURE], validate=True)
        stamp = headers.get(SENDGRID_TIMESTAMP, "").encode("latin-1", "replace")
        key.verify(signature, stamp + body, ECDSA(hashes.SHA256()))
    except (InvalidSignature, binascii.Error, ValueError):
        return False
    return True


@lru_cache(maxsize=256)
def _public_key(text: str) -> EllipticCurvePublicKey | None:
    try:
        key = load_der_public_key(base64.b64decode(text, validate=True))
    except (ValueError, UnsupportedAlgorithm, binascii.Error):
        return None
    return key if isinstance(key, EllipticCurvePublicKey) else None


def sign_svix(key: str, message_id: str, timestamp: str, body: bytes) -> str:
    """Raises ValueError for a key that is none."""
    secret = base64.b64decode(key.removeprefix("whsec_"), validate=True)
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    return base64.b64encode(hmac.new(secret, signed, hashlib.sha256).digest()).decode()


def _is_resend(headers: Mapping[str, str], body: bytes, secrets: Mapping[str, str], now: datetime) -> bool:
    key, timestamp = secrets.get("webhook_key", ""), headers.get("svix-timestamp", "")
    message_id = headers.get("svix-id", "")
    if not key or not message_id or not _is_near(timestamp, now, TOLERANCE_SECONDS):
        return False
    try:
        expected = sign_svix(key, message_id, timestamp, body)
    except ValueError:
        return False
    given = headers.get("svix-signature", "").split(" ")[:20]
    return any(_is_same(f"v1,{expected}", signature) for signature in given)


_VERIFIERS: Final[Mapping[str, Callable[[Mapping[str, str], bytes, Mapping[str, str], datetime], bool]]] = {
    "mailgun": _is_mailgun,
    "postmark": _has_login,
    "sendgrid": _is_sendgrid,
    "resend": _is_resend,
}


def _is_same(expected: str, given: str) -> bool:
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "replace"))


def _is_near(timestamp: str, now: datetime, seconds: int) -> bool:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        return False
    return abs(now.timestamp() - int(timestamp)) <= seconds
