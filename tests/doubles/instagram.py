"""A double of Meta's API for Instagram: it sends, keeps to windows and bytes, and misbehaves by script.

    with InstagramDouble() as meta:
        meta.fault("reset_after_accept")
        ...
        meta.book                      # what reached people

Alone: `python -m tests.doubles.instagram --port 9007`.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import itertools
import json
import re
import threading
from collections import deque
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tests.doubles.server import Answer, Hang, HttpDouble, Request, Reset, Response, run_alone

ACCOUNT_ID: Final = "17841400008460056"
PAGE_ID: Final = "102290129340398"
USERNAME: Final = "acme"
ACCESS_TOKEN: Final = "IGAA-access-token"
APP_SECRET: Final = "0123456789abcdef0123456789abcdef"
INSTAGRAM_APP_SECRET: Final = "fedcba9876543210fedcba9876543210"
VERIFY_TOKEN: Final = "a-word-of-ours"
SIGNED: Final = "X-Hub-Signature-256"
DAVI: Final = "1784140000000042"
MAX_BYTES: Final = 1000

_PATH: Final = re.compile(r"/v[0-9]+\.0/(?P<node>me|[0-9]+)(?P<rest>/messages)?")
_numbers = itertools.count(1)
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Sent:
    id: str
    to: str
    text: str
    tag: str
    content: Json


_ACCEPTED: Final[dict[str, Answer]] = {
    "hang_after_accept": Hang(),
    "reset_after_accept": Reset(),
    "500_after_accept": Response.html(500, "<h1>Sorry</h1>"),
    "broken_200": Response(200, b'{"message_id": "mid.'),
    "no_id": Response.json(200, {"recipient_id": DAVI}),
}
_REFUSED: Final[dict[str, Answer]] = {"reset": Reset(), "502_html": Response.html(502, "<h1>Bad gateway</h1>")}


class InstagramDouble(HttpDouble):
    """`blocked`: people who do not want to be written to; `has_human_agent`: the app was granted the tag."""

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(host=host, port=port)
        self.book: list[Sent] = []
        self.blocked: set[str] = set()
        self.is_window_open = True
        self.has_human_agent = True
        self._faults: deque[tuple[bool, Answer]] = deque()
        self._lock = threading.Lock()

    def fault(self, name: str) -> None:
        """The next message goes wrong so."""
        self._faults.append((name in _ACCEPTED, {**_ACCEPTED, **_REFUSED}[name]))

    def refuse(self, status: int, code: int, subcode: int = 0) -> None:
        """The next message is refused so."""
        self._faults.append((False, refusal(status, code, subcode, f"Scripted {code}")))

    def settings(self, **changes: str) -> dict[str, str]:
        return {
            "sender": f"@{USERNAME}",
            "account_id": ACCOUNT_ID,
            "access_token": ACCESS_TOKEN,
            "app_secret": APP_SECRET,
            "instagram_app_secret": INSTAGRAM_APP_SECRET,
            "verify_token": VERIFY_TOKEN,
            "api_base": self.url,
            **changes,
        }

    def answer(self, request: Request) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {ACCESS_TOKEN}":
            return refusal(401, 190, 0, "Invalid OAuth access token")
        found = _PATH.fullmatch(request.path)
        match (request.method, found and found["node"], found and found["rest"]):
            case ("POST", str(node), "/messages") if node in (ACCOUNT_ID, PAGE_ID):
                return self._send(request.json() or {})
            case ("GET", "me", None):
                return Response.json(200, {"id": "app-scoped", "user_id": ACCOUNT_ID, "username": USERNAME})
            case ("GET", str(node), None) if node == PAGE_ID:
                account = {"id": ACCOUNT_ID, "username": USERNAME}
                return Response.json(200, {"id": PAGE_ID, "instagram_business_account": account})
        return refusal(400, 100, 33, "Unsupported request")

    def _send(self, told: Json) -> Answer:
        is_accepted, answer = self._faults.popleft() if self._faults else (True, None)
        if answer and not is_accepted:
            return answer
        if refused := self._refused(told):
            return refused
        message = told["message"]
        sent = Sent(
            f"mid.{next(_numbers)}", told["recipient"]["id"], message.get("text", ""), told.get("tag", ""), told
        )
        with self._lock:
            self.book.append(sent)
        return answer or Response.json(200, {"recipient_id": sent.to, "message_id": sent.id})

    def _refused(self, told: Json) -> Response | None:
        to, text = told.get("recipient", {}).get("id"), told.get("message", {}).get("text", "")
        if not to:
            return refusal(400, 100, 2534014, "The requested user cannot be found")
        if to in self.blocked:
            return refusal(400, 551, 1545041, "This person isn't available right now")
        if len(text.encode()) > MAX_BYTES:
            return refusal(400, 100, 0, "Length of param message[text] must be less than or equal to 1000")
        is_tagged = told.get("messaging_type") == "MESSAGE_TAG" and told.get("tag") == "HUMAN_AGENT"
        if not self.is_window_open and not is_tagged:
            return refusal(400, 10, 2534022, "This message is sent outside of allowed window")
        if is_tagged and not self.has_human_agent:
            return refusal(403, 10, 0, "Application does not have permission for this action")
        return None


def refusal(status: int, code: int, subcode: int, message: str) -> Response:
    error: Json = {"message": f"(#{code}) {message}", "type": "OAuthException", "code": code, "fbtrace_id": "A"}
    return Response.json(status, {"error": error | ({"error_subcode": subcode} if subcode else {})})


# -- what people do ----------------------------------------------------------------------------------------------------


def mid() -> str:
    return f"aWdfZAG1faXRlbToxOklHTWVzc2FnZAUlEOjE3{next(_numbers):08X}"


def item(*, at: datetime, person: str = DAVI, account: str = ACCOUNT_ID, **content: Any) -> Json:
    who = {"sender": {"id": person}, "recipient": {"id": account}}
    return {**who, "timestamp": int(at.timestamp() * 1000), **content}


def message(text: str = "", *, at: datetime, person: str = DAVI, account: str = ACCOUNT_ID, **more: Any) -> Json:
    words = {"text": text} if text else {}
    return item(at=at, person=person, account=account, message={"mid": mid(), **words, **more})


def batch(*items: Json, account: str = ACCOUNT_ID, **more: Any) -> Json:
    entry = {"id": account, "time": 1795176000000, "messaging": list(items), **more}
    return {"object": "instagram", "entry": [entry]}


def encode(content: Any) -> bytes:
    return json.dumps(content).encode()


def signature(body: bytes, secret: str = INSTAGRAM_APP_SECRET) -> dict[str, str]:
    return {SIGNED: "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--port", type=int, default=9007)
    asked = parser.parse_args()
    double = InstagramDouble(port=asked.port)
    print(double.settings(), flush=True)
    run_alone(double, name="Instagram")


if __name__ == "__main__":
    main()
