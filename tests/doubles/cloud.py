"""A double of Meta's Cloud API: it accepts, reports by webhook, and misbehaves by script.

In tests:

    with CloudDouble() as meta:
        meta.fault("hang_after_accept")
        ...
        meta.messages()          # what it accepted
        meta.report("delivered", "read")

Alone: `python -m tests.doubles.cloud --port 9005 --webhook http://127.0.0.1:8000/hooks/whatsapp_cloud/TOKEN/`.
"""

from __future__ import annotations

import argparse
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import urllib3

from tests.doubles.cloud_faults import Fault, error_answer
from tests.doubles.cloud_templates import CloudTemplates
from tests.doubles.cloud_updates import (
    ACCESS_TOKEN,
    APP_SECRET,
    NUMBER,
    NUMBER_ID,
    WABA_ID,
    Json,
    batch,
    deliver,
    status,
    wamid,
)
from tests.doubles.server import Answer, HttpDouble, Request, Response, run_alone

MAX_BODY: Final = 4096
PAIR_SECONDS: Final = 6.0
PAIR_BURST: Final = 45
_PATH: Final = re.compile(r"/v[0-9]+\.0/(?P<id>[0-9]+)(?P<rest>/messages|/subscribed_apps|/message_templates)?")


class Refusal(Exception):
    def __init__(self, status: int, code: int, details: str) -> None:
        super().__init__(details)
        self.answer = error_answer(status, code, details)


@dataclass(slots=True)
class Accepted:
    id: str
    to: str
    body: str
    kind: str
    our_id: str
    content: Json
    arrived_at: float
    status: str = "accepted"


class CloudDouble(HttpDouble):
    """`is_pair_limited` refuses a burst to one person with 131056, as the real one does."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        webhook: str = "",
        reports: tuple[str, ...] = (),
        is_pair_limited: bool = False,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(host=host, port=port)
        self.webhook = webhook
        self.reports = reports
        self.is_pair_limited = is_pair_limited
        self.clock = clock or partial(datetime.now, UTC)
        self.number: Json = {
            "display_phone_number": "+1 415-523-8886",
            "verified_name": "Acme",
            "quality_rating": "GREEN",
        }
        self.subscribed_apps: list[Json] = [{"whatsapp_business_api_data": {"id": "1", "name": "Baton"}}]
        self.registry = CloudTemplates()
        self.answers: list[int] = []
        self.requests: list[Request] = []
        self.files: dict[str, tuple[bytes, str]] = {}  # a media id: its content and its type
        self._accepted: dict[str, Accepted] = {}
        self._faults: deque[Fault] = deque()
        self._spoke_at: dict[str, deque[float]] = {}
        self._lock = threading.Lock()

    # -- the script ------------------------------------------------------------------------------------

    def fault(self, name: str, **options: Any) -> None:
        """Let the next `times` calls go wrong, in the order in which faults were asked for."""
        with self._lock:
            self._faults.append(Fault(name, **options))

    def messages(self, *, to: str | None = None) -> list[Accepted]:
        with self._lock:
            return [replace(one) for one in self._accepted.values() if to in (None, one.to)]

    def statuses(self, *words: str, code: int = 0, at: datetime | None = None) -> list[Json]:
        """These statuses of everything that was accepted, in this order; `read` before `sent` is an order too."""
        moment = at or self.clock()
        return [
            status(one.id, word, at=moment, our_id=one.our_id, code=code if word == "failed" else 0)
            for one in self.messages()
            for word in words
        ]

    def report(self, *words: str, code: int = 0, copies: int = 1) -> None:
        """Deliver them to the webhook, each batch `copies` times: Meta repeats what was not answered with 200."""
        told = batch(statuses=self.statuses(*words, code=code))
        self.answers.extend(deliver(self.webhook, told) for _ in range(copies))

    # -- the API ---------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        try:
            return self._route(request)
        except Refusal as refusal:
            return refusal.answer

    def _route(self, request: Request) -> Answer:
        if request.headers.get("Authorization") != f"Bearer {ACCESS_TOKEN}":
            raise Refusal(401, 190, "Error validating access token")
        found = _PATH.fullmatch(request.path)
        if found and found["id"] in self.files:
            return Response.json(200, {"url": f"{self.url}/files/{found['id']}", "id": found["id"]})
        if request.path.startswith("/files/") and (kept := self.files.get(request.path.removeprefix("/files/"))):
            return Response(200, *kept)
        match (request.method, found and found["id"], found and found["rest"]):
            case ("POST", str(number), "/messages") if number == NUMBER_ID:
                return self._send(request)
            case ("GET", str(number), None) if number == NUMBER_ID:
                return Response.json(200, {**self.number, "id": NUMBER_ID})
            case ("GET", str(account), "/subscribed_apps") if account == WABA_ID:
                return Response.json(200, {"data": self.subscribed_apps})
            case (_, str(account), "/message_templates") if account == WABA_ID:
                return self.registry.answer(request)
        raise Refusal(400, 100, f"Unsupported request. Object with ID '{request.path}' does not exist")

    def _send(self, request: Request) -> Answer:
        message = _checked(request)
        if message.kind == "template" and self.registry.templates:
            self._check_template(message.content["template"])
        fault = self._next_fault(message)
        if fault and not fault.is_accepted:
            return fault.answer
        self._keep_to_pair_rate(message.to)
        with self._lock:
            self._accepted[message.id] = message
        if self.webhook and self.reports:
            threading.Thread(target=self._report_one, args=(message,), daemon=True).start()
        return fault.answer if fault else _receipt(message)

    def _check_template(self, asked: Json) -> None:
        """Once the account has any, only those that are approved may be sent."""
        found = self.registry.find(asked["name"], asked["language"]["code"])
        status = found["status"] if found else "none"
        codes = {"APPROVED": 0, "PAUSED": 132015, "DISABLED": 132016}
        if code := codes.get(status, 132001):
            raise Refusal(400, code, f"Template {asked['name']} is {status}")

    def _next_fault(self, message: Accepted) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.to in ("", message.to):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def _keep_to_pair_rate(self, to: str) -> None:
        now = time.monotonic()
        spoke = self._spoke_at.setdefault(to, deque(maxlen=PAIR_BURST))
        if self.is_pair_limited and len(spoke) == PAIR_BURST and now - spoke[0] < PAIR_SECONDS * PAIR_BURST:
            raise Refusal(400, 131056, "Pair rate limit hit")
        spoke.append(now)

    def _report_one(self, message: Accepted) -> None:
        for word in self.reports:
            told = batch(statuses=[status(message.id, word, at=self.clock(), our_id=message.our_id)])
            try:
                self.answers.append(deliver(self.webhook, told))
            except urllib3.exceptions.HTTPError:
                self.answers.append(0)


def _checked(request: Request) -> Accepted:
    try:
        asked = request.json()
    except ValueError:
        raise Refusal(400, 100, "The request is not valid JSON") from None
    if asked.get("messaging_product") != "whatsapp":
        raise Refusal(400, 100, "Parameter messaging_product is required")
    to, kind = asked.get("to") or asked.get("recipient"), asked.get("type", "text")
    if not to or (asked.get("to") and not re.fullmatch(r"\+[0-9]{7,15}", to)):
        raise Refusal(400, 131009, "Parameter value is not valid: to")
    content = asked.get(kind)
    if not isinstance(content, dict):
        raise Refusal(400, 131008, f"The parameter {kind} is required")
    body = content.get("body") or content.get("caption") or ""
    if kind == "text" and not 0 < len(body) <= MAX_BODY:
        raise Refusal(400, 100, "Param text['body'] must be between 1 and 4096 characters")
    our_id = asked.get("biz_opaque_callback_data", "")
    return Accepted(wamid(), to, body, kind, our_id, asked, request.arrived_at)


def _receipt(message: Accepted) -> Answer:
    contact = {"input": message.to, "wa_id": message.to.removeprefix("+")}
    return Response.json(
        200, {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": message.id}]}
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9005)
    parser.add_argument("--webhook", default="", help="the channel's callback URL")
    parser.add_argument("--statuses", default="sent,delivered,read", help="blank: none")
    asked = parser.parse_args()
    reports = tuple(word for word in asked.statuses.split(",") if word)
    print(f"number {NUMBER}, id {NUMBER_ID}, access token {ACCESS_TOKEN}, app secret {APP_SECRET}", flush=True)
    run_alone(CloudDouble(host=asked.host, port=asked.port, webhook=asked.webhook, reports=reports), name="Cloud API")


if __name__ == "__main__":
    main()
