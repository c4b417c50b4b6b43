"""Calendly's webhook events, built and signed as Calendly does."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

import urllib3

API: Final = "https://api.calendly.com"
USER: Final = f"{API}/users/USER00000000001"
ORGANIZATION: Final = f"{API}/organizations/ORG000000000001"
EVENT_TYPE: Final = f"{API}/event_types/TYPE00000000001"
_http = urllib3.PoolManager(maxsize=8, retries=False, timeout=urllib3.Timeout(connect=10, read=15))


def new_invitee_uri() -> str:
    return f"{API}/scheduled_events/{uuid.uuid4()}/invitees/{uuid.uuid4()}"


def created(
    token: str | None = None,
    *,
    invitee_uri: str | None = None,
    email: str = "davi@example.com",
    name: str = "Davi Silva",
    starts_at: datetime | None = None,
    minutes: int = 30,
    old_invitee: str | None = None,
    **more: Any,
) -> dict[str, Any]:
    """`token` is our utm_content; None leaves the whole tracking null, as for a link without it."""
    payload = _invitee(token, invitee_uri or new_invitee_uri(), email, name, starts_at, minutes)
    return _envelope("invitee.created", {**payload, "old_invitee": old_invitee, **more})


def canceled(
    event: dict[str, Any], *, reason: str = "Something came up", canceler_type: str = "invitee", **more: Any
) -> dict[str, Any]:
    """The cancellation of what `created()` made."""
    payload = event["payload"]
    cancellation = {
        "canceled_by": payload["name"],
        "reason": reason,
        "canceler_type": canceler_type,
        "created_at": _iso(datetime.now(UTC)),
    }
    scheduled = {**payload["scheduled_event"], "status": "canceled"}
    changes = {"status": "canceled", "cancellation": cancellation, "scheduled_event": scheduled}
    return _envelope("invitee.canceled", {**payload, **changes, **more})


def rescheduled(event: dict[str, Any], *, starts_at: datetime) -> tuple[dict[str, Any], dict[str, Any]]:
    """Calendly tells a reschedule by two events, (canceled, created), and promises no order."""
    old, new = event["payload"], new_invitee_uri()
    moved = created(
        old["tracking"]["utm_content"],
        invitee_uri=new,
        email=old["email"],
        name=old["name"],
        starts_at=starts_at,
        old_invitee=old["uri"],
    )
    return canceled(event, reason="", rescheduled=True, new_invitee=new), moved


def no_show(event: dict[str, Any], *, is_removed: bool = False) -> dict[str, Any]:
    mark = {"uri": f"{API}/invitee_no_shows/{uuid.uuid4()}", "created_at": _iso(datetime.now(UTC))}
    name = "invitee_no_show.deleted" if is_removed else "invitee_no_show.created"
    return _envelope(name, {**event["payload"], "no_show": mark})


def token_of(url: str) -> str | None:
    """Our token in a booking link, as Calendly reads it when somebody books."""
    return dict(parse_qsl(urlsplit(url).query)).get("utm_content")


def signature(body: bytes, signing_key: str, *, at: float | None = None) -> str:
    signed_at = int(at if at is not None else time.time())
    digest = hmac.new(signing_key.encode(), f"{signed_at}.".encode() + body, hashlib.sha256)
    return f"t={signed_at},v1={digest.hexdigest()}"


def send_event(url: str, event: dict[str, Any], *, signing_key: str | None = None, at: float | None = None) -> int:
    """POST an event. Without a signing key Calendly sends no signature; `at` signs it at another time."""
    body = json.dumps(event).encode()
    headers = {"Content-Type": "application/json", "User-Agent": "Calendly-Hookshot/1.0"}
    if signing_key is not None:
        headers["Calendly-Webhook-Signature"] = signature(body, signing_key, at=at)
    return int(_http.request("POST", url, body=body, headers=headers, redirect=False).status)


def _envelope(name: str, payload: dict[str, Any]) -> dict[str, Any]:
    return {"event": name, "created_at": _iso(datetime.now(UTC)), "created_by": USER, "payload": payload}


def _invitee(
    token: str | None, uri: str, email: str, name: str, starts_at: datetime | None, minutes: int
) -> dict[str, Any]:
    first_name, _, last_name = name.partition(" ")
    now = _iso(datetime.now(UTC))
    return {
        "uri": uri,
        "email": email,
        "name": name,
        "first_name": first_name,
        "last_name": last_name,
        "status": "active",
        "timezone": "America/Sao_Paulo",
        "text_reminder_number": None,
        "questions_and_answers": [],
        "tracking": _tracking(token),
        "cancel_url": f"https://calendly.com/cancellations/{uri[-36:]}",
        "reschedule_url": f"https://calendly.com/reschedulings/{uri[-36:]}",
        "rescheduled": False,
        "old_invitee": None,
        "new_invitee": None,
        "event": uri.partition("/invitees/")[0],
        "scheduled_event": _scheduled_event(uri, starts_at, minutes),
        "payment": None,
        "no_show": None,
        "reconfirmation": None,
        "routing_form_submission": None,
        "created_at": now,
        "updated_at": now,
    }


def _tracking(token: str | None) -> dict[str, str | None]:
    names = ("utm_campaign", "utm_source", "utm_medium", "utm_content", "utm_term", "salesforce_uuid")
    tracking: dict[str, str | None] = dict.fromkeys(names)
    return tracking if token is None else tracking | {"utm_content": token, "utm_source": "baton"}


def _scheduled_event(invitee_uri: str, starts_at: datetime | None, minutes: int) -> dict[str, Any]:
    start = starts_at or datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    return {
        "uri": invitee_uri.partition("/invitees/")[0],
        "name": "Callback",
        "status": "active",
        "start_time": _iso(start),
        "end_time": _iso(start + timedelta(minutes=minutes)),
        "event_type": EVENT_TYPE,
        "location": {"type": "outbound_call", "location": "+55 11 90000-0001"},
        "event_memberships": [{"user": USER, "user_email": "bruno@example.com"}],
        "event_guests": [],
    }


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
