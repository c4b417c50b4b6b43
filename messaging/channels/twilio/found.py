"""Messages of Twilio's list whose webhook never came, as the forms that those webhooks would have been.

The list says less than a webhook: no profile name, no business-scoped id, and of media only how many there are.
"""

from __future__ import annotations

from urllib.parse import urlencode

from messaging.transports import Found, Seen


def as_event(seen: Seen) -> Found:
    if seen.direction == "inbound":
        return _inbound(seen)
    return _status(seen)


def _inbound(seen: Seen) -> Found:
    form = {
        "MessageSid": seen.provider_id,
        "From": seen.sender,
        "To": seen.to,
        "Body": seen.body,
        "NumMedia": str(seen.media_count),
        "SmsStatus": "received",
        "FoundBySweep": "true",
    }
    return Found("inbound", seen.provider_id, seen.sender, urlencode(form).encode())


def _status(seen: Seen) -> Found:
    form = {"MessageSid": seen.provider_id, "MessageStatus": seen.status, "ErrorCode": seen.error_code}
    return Found("status", f"{seen.provider_id}:{seen.status}", seen.provider_id, urlencode(form).encode())
