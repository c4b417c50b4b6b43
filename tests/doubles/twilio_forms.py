"""The requests that Twilio makes to us: their parameters, their signature, their sending.

The parameter sets are those of real WhatsApp traffic in 2026.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

import urllib3
from twilio.request_validator import HMAC_SHA256, RequestValidator

USER_AGENT: Final = "TwilioProxy/1.1"
FORM_TYPE: Final = "application/x-www-form-urlencoded; charset=UTF-8"
_http = urllib3.PoolManager(maxsize=32, retries=False, timeout=urllib3.Timeout(connect=5, read=15))


def inbound_form(
    body: str = "Hello",
    *,
    sender: str = "whatsapp:+5511900000001",
    to: str = "whatsapp:+14155238886",
    account_sid: str = "AC00000000000000000000000000000001",
    message_sid: str | None = None,
    profile_name: str = "Davi",
    message_type: str = "text",
    media: tuple[tuple[str, str], ...] = (),
    **more: str,
) -> dict[str, str]:
    """The whole parameter set of a WhatsApp message. A `sender` like `whatsapp:US.13…` hides the phone."""
    sid = message_sid or f"{'MM' if media else 'SM'}{uuid.uuid4().hex}"
    phone = sender.removeprefix("whatsapp:+")
    form = {
        "SmsMessageSid": sid,
        "NumMedia": str(len(media)),
        "ProfileName": profile_name,
        "MessageType": message_type,
        "SmsSid": sid,
        "SmsStatus": "received",
        "Body": body,
        "To": to,
        "NumSegments": "1",
        "ReferralNumMedia": "0",
        "MessageSid": sid,
        "AccountSid": account_sid,
        "ChannelMetadata": _channel_metadata(profile_name, phone),
        "From": sender,
        "ExternalUserId": _external_user_id(sender),
        "ApiVersion": "2010-04-01",
    }
    if phone != sender:
        form["WaId"] = phone
    for number, (url, content_type) in enumerate(media):
        form |= {f"MediaUrl{number}": url, f"MediaContentType{number}": content_type}
    return form | more


def sms_form(
    body: str = "Hello",
    *,
    sender: str = "+5511900000001",
    to: str = "+14155550100",
    message_sid: str | None = None,
    media: tuple[tuple[str, str], ...] = (),
    **more: str,
) -> dict[str, str]:
    """The parameter set of an SMS, or of an MMS: no profile, no WaId, where the numbers are instead."""
    sid = message_sid or f"{'MM' if media else 'SM'}{uuid.uuid4().hex}"
    form = {
        "ToCountry": "US",
        "ToState": "CA",
        "SmsMessageSid": sid,
        "NumMedia": str(len(media)),
        "ToCity": "",
        "FromZip": "",
        "SmsSid": sid,
        "FromState": "",
        "SmsStatus": "received",
        "FromCity": "",
        "Body": body,
        "FromCountry": "BR",
        "To": to,
        "ToZip": "",
        "NumSegments": "1",
        "MessageSid": sid,
        "AccountSid": "AC00000000000000000000000000000001",
        "From": sender,
        "ApiVersion": "2010-04-01",
    }
    for number, (url, content_type) in enumerate(media):
        form |= {f"MediaUrl{number}": url, f"MediaContentType{number}": content_type}
    return form | more


def _channel_metadata(profile_name: str, phone: str) -> str:
    context = {"ProfileName": profile_name, "WaId": phone}
    return json.dumps({"type": "whatsapp", "data": {"context": context}}, separators=(",", ":"))


def _external_user_id(sender: str) -> str:
    address = sender.removeprefix("whatsapp:")
    return sender if address[:1].isalpha() else f"whatsapp:BR.1000{address.removeprefix('+')}"


def status_form(
    *,
    message_sid: str,
    status: str,
    to: str,
    sender: str,
    account_sid: str = "AC00000000000000000000000000000001",
    error_code: int | None = None,
) -> dict[str, str]:
    form = {
        "ApiVersion": "2010-04-01",
        "MessageStatus": status,
        "SmsSid": message_sid,
        "SmsStatus": status,
        "ChannelInstallSid": "XE00000000000000000000000000000001",
        "To": to,
        "From": sender,
        "MessageSid": message_sid,
        "AccountSid": account_sid,
        "ChannelToAddress": f"{to.removeprefix('whatsapp:')[:-4]}XXXX",
        "ChannelPrefix": "whatsapp",
    }
    if status == "sent":
        form["StructuredMessage"] = "false"
    else:
        form["ExternalUserId"] = _external_user_id(to)
    if error_code is not None:
        form |= {"ErrorCode": str(error_code), "ChannelStatusMessage": f"Scripted error {error_code}"}
    return form


def sign(url: str, form: Mapping[str, str], secret: str, *, algorithm: str | None = None) -> str:
    return str(RequestValidator(secret).compute_signature(url, dict(form), algorithm))


def signed_headers(
    url: str, form: Mapping[str, str], auth_token: str, *, shared_key: tuple[str, str] | None = None
) -> dict[str, str]:
    """The headers of a webhook request; `shared_key` is (id, secret) and signs by SHA-256."""
    headers = {
        "User-Agent": USER_AGENT,
        "Content-Type": FORM_TYPE,
        "Accept": "*/*",
        "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
        "X-Home-Region": "us1",
    }
    if shared_key is None:
        return headers | {"X-Twilio-Signature": sign(url, form, auth_token)}
    key_id, secret = shared_key
    return headers | {
        "X-Twilio-Webhooks-Signature-Settings": f"key={key_id},algorithm={HMAC_SHA256}",
        "X-Twilio-Signature": sign(url, form, secret, algorithm=HMAC_SHA256),
    }


def send_inbound(
    url: str,
    form: Mapping[str, str],
    *,
    auth_token: str = "12345",
    public_url: str | None = None,
    shared_key: tuple[str, str] | None = None,
) -> int:
    """Sign and POST a webhook as Twilio does; `public_url` is what is signed when a proxy stands before `url`."""
    headers = signed_headers(public_url or url, form, auth_token, shared_key=shared_key)
    answer = _http.request("POST", url, body=urlencode(form).encode(), headers=headers, redirect=False)
    return int(answer.status)
