"""What Twilio shows of an account: itself, its phone numbers and its WhatsApp senders."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.doubles.server import Request, Response

PATHS: Final = re.compile(
    r"/2010-04-01/Accounts/(?P<account>AC[0-9a-fA-F]{32})(?P<numbers>/IncomingPhoneNumbers)?\.json"
    r"|(?P<senders>/v2/Channels/Senders)"
)


@dataclass(slots=True)
class Listed:
    """A number or a sender: the address, where Twilio calls for it, and whether it works."""

    address: str
    callback: str = ""
    status: str = "ONLINE"
    sms: bool = True


@dataclass(slots=True)
class Account:
    """`is_shy`: a key that may send and not look gets 403 for numbers and senders."""

    sid: str
    name: str = "Acme"
    status: str = "active"
    listed: list[Listed] = field(default_factory=list)
    is_shy: bool = False

    def show(self, request: Request) -> Response:
        matched = PATHS.fullmatch(request.path)
        assert matched
        if (matched["numbers"] or matched["senders"]) and self.is_shy:
            return Response.json(403, {"code": 70051, "message": "Authorization failed", "status": 403})
        if matched["numbers"]:
            wanted = request.query.get("PhoneNumber", "")
            return Response.json(200, {"incoming_phone_numbers": self._numbers(wanted), "next_page_uri": None})
        if matched["senders"]:
            meta = {"page": 0, "page_size": 50, "next_page_url": None, "key": "senders"}
            return Response.json(200, {"senders": self._senders(), "meta": meta})
        return Response.json(200, {"sid": self.sid, "friendly_name": self.name, "status": self.status, "type": "Full"})

    def _numbers(self, wanted: str) -> list[dict[str, Any]]:
        return [
            {
                "sid": f"PN{number:032x}",
                "phone_number": each.address,
                "sms_url": each.callback,
                "capabilities": {"sms": each.sms, "mms": each.sms, "voice": True},
            }
            for number, each in enumerate(self.listed)
            if each.address == wanted
        ]

    def _senders(self) -> list[dict[str, Any]]:
        return [
            {
                "sid": f"XE{number:032x}",
                "sender_id": each.address,
                "status": each.status,
                "webhook": {"callback_url": each.callback, "callback_method": "POST"},
            }
            for number, each in enumerate(self.listed)
            if each.address.startswith("whatsapp:")
        ]
