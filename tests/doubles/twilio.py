"""A double of Twilio's Messages API: it accepts, lists, calls back, and misbehaves by script.

In tests:

    with TwilioDouble() as twilio:
        twilio.fault("hang_after_accept")
        ...
        twilio.messages()        # its own book

Alone: `python -m tests.doubles.twilio --port 9001`; the same script through `POST /_control/…`.
"""

from __future__ import annotations

import argparse
import base64
import re
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from tests.doubles.server import Answer, HttpDouble, Request, Response, run_alone
from tests.doubles.twilio_account import PATHS, Account
from tests.doubles.twilio_book import (
    BookedMessage,
    Refusal,
    checked_message,
    listing,
    matches,
    note_keyword,
    refusal_answer,
    resource,
    update,
)
from tests.doubles.twilio_callbacks import CallbackPlan, StatusCaller
from tests.doubles.twilio_calls import Call, CallLedger
from tests.doubles.twilio_content import PATHS as CONTENT_PATHS
from tests.doubles.twilio_content import Content
from tests.doubles.twilio_faults import Fault
from tests.doubles.twilio_forms import inbound_form, send_inbound, sign, status_form

__all__ = [
    "ACCOUNT_SID",
    "AUTH_TOKEN",
    "BookedMessage",
    "Call",
    "CallbackPlan",
    "TwilioDouble",
    "inbound_form",
    "send_inbound",
    "sign",
    "status_form",
]

ACCOUNT_SID: Final = "AC00000000000000000000000000000001"
AUTH_TOKEN: Final = "12345"

_MESSAGES: Final = re.compile(r"/2010-04-01/Accounts/(?P<account>AC[0-9a-fA-F]{32})/Messages\.json")
_MESSAGE: Final = re.compile(
    r"/2010-04-01/Accounts/(?P<account>AC[0-9a-fA-F]{32})/Messages/(?P<sid>[A-Z]{2}[0-9a-f]{32})\.json"
)


class TwilioDouble(HttpDouble):
    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        account_sid: str = ACCOUNT_SID,
        auth_token: str = AUTH_TOKEN,
        plan: CallbackPlan | None = None,
        routes: dict[str, str] | None = None,
        clock: Callable[[], datetime] | None = None,
    ) -> None:
        super().__init__(host=host, port=port)
        self.clock = clock or partial(datetime.now, UTC)
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.account = Account(account_sid)
        self.content = Content(self.url)
        self.plan = plan or CallbackPlan()
        self.callbacks = StatusCaller(self.advance, routes=routes)
        self.calls = CallLedger()
        self.blocked: set[tuple[str, str]] = set()
        self.media: dict[str, str] = {}
        self._book: dict[str, BookedMessage] = {}
        self._faults: deque[Fault] = deque()
        self._lock = threading.Lock()

    # -- the script ------------------------------------------------------------------------------------

    def fault(self, name: str, **options: Any) -> None:
        """Let the next `times` creations go wrong, in the order in which faults were asked for."""
        with self._lock:
            self._faults.append(Fault(name, **options))

    def clear_faults(self) -> None:
        with self._lock:
            self._faults.clear()

    def messages(self, *, to: str | None = None) -> list[BookedMessage]:
        with self._lock:
            return [replace(message) for message in self._book.values() if to in (None, message.to)]

    def receive(self, form: dict[str, str], *, created_at: datetime | None = None) -> None:
        """Put a customer's message into the book, as Twilio does before it calls the webhook.

        STOP on SMS closes the number to the sender, until START.
        """
        note_keyword(self.blocked, form)
        self._add(
            BookedMessage(
                sid=form["MessageSid"],
                account_sid=self.account_sid,
                to=form["To"],
                sender=form["From"],
                body=form.get("Body", ""),
                status="received",
                direction="inbound",
                arrived_at=time.time(),
                created_at=created_at or self.clock(),
                sent_at=created_at or self.clock(),
                media=[form[name] for name in sorted(form) if name.startswith("MediaUrl")],
            )
        )

    def reset_all(self) -> None:
        with self._lock:
            self._book.clear()
            self._faults.clear()
            self.blocked.clear()
        self.calls.clear()
        self.callbacks.log.clear()
        self.plan = CallbackPlan()

    def stop(self) -> None:
        self.callbacks.stop()
        super().stop()

    # -- the API ---------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Answer:
        try:
            if request.path.startswith("/_control/"):
                return self._control(request)
            return self._route(request)
        except Refusal as refusal:
            return refusal_answer(refusal)

    def put_media(self, name: str, where: str) -> str:
        """A media resource of the account: with the token, it sends whoever asks on to `where`."""
        path = f"/2010-04-01/Accounts/{self.account_sid}/Messages/MM{'0' * 32}/Media/{name}"
        self.media[path] = where
        return self.url + path

    def _route(self, request: Request) -> Answer:
        if where := self.media.get(request.path):
            self._authenticate(request, self.account_sid)
            return Response(307, headers={"Location": where})
        if listed := _MESSAGES.fullmatch(request.path):
            self._authenticate(request, listed["account"])
            return self._create(request) if request.method == "POST" else self._list(request)
        if single := _MESSAGE.fullmatch(request.path):
            self._authenticate(request, single["account"])
            return self._one(request, single["sid"])
        if shown := PATHS.fullmatch(request.path):
            self._authenticate(request, shown["account"] or self.account_sid)
            return self.account.show(request)
        if CONTENT_PATHS.fullmatch(request.path):
            self._authenticate(request, self.account_sid)
            return self.content.answer(request)
        raise Refusal(404, 20404, f"The requested resource {request.path} was not found")

    def _authenticate(self, request: Request, account: str) -> None:
        expected = base64.b64encode(f"{self.account_sid}:{self.auth_token}".encode()).decode()
        if request.headers.get("Authorization") != f"Basic {expected}" or account != self.account_sid:
            raise Refusal(401, 20003, "Authenticate")

    def _create(self, request: Request) -> Answer:
        call = self.calls.begin(request)
        message = checked_message(request, self.account_sid, now=self.clock())
        if (message.to, message.sender) in self.blocked:
            raise Refusal(400, 21610, "Attempt to send to unsubscribed recipient")
        fault = self._next_fault(message)
        if fault is None:
            return Response.json(201, self._accept(message, call))
        return self._go_wrong(message, fault, call)

    def finish(self, request: Request) -> None:
        self.calls.end(request)

    def _go_wrong(self, message: BookedMessage, fault: Fault, call: Call) -> Answer:
        call.fault = fault.name
        if fault.name == "slow":
            self.stopping.wait(fault.ms / 1000)
            return Response.json(201, self._accept(message, call))
        if fault.is_accepted:
            self._accept(message, call)
        return fault.answer

    def _accept(self, message: BookedMessage, call: Call) -> dict[str, Any]:
        self._add(message)
        call.accepted_at = time.time()
        as_created = resource(message)
        if message.status != "scheduled":
            self.callbacks.schedule(message, self.plan, self.auth_token)
        return as_created

    def _next_fault(self, message: BookedMessage) -> Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.to in ("", message.to):
                    fault.times -= 1
                    if fault.times <= 0:
                        self._faults.remove(fault)
                    return fault
        return None

    def _one(self, request: Request, sid: str) -> Answer:
        with self._lock:
            message = self._book.get(sid)
            if message is None:
                raise Refusal(404, 20404, f"The requested resource {request.path} was not found")
            if request.method == "DELETE":
                del self._book[sid]
                return Response(204)
            if request.method == "POST":
                update(message, dict(request.form()))
            return Response.json(200, resource(message))

    def _list(self, request: Request) -> Answer:
        query = request.query
        size, page = int(query.get("PageSize", 50)), int(query.get("Page", 0))
        if not 1 <= size <= 1000:
            raise Refusal(400, 20007, "Page size must be between 1 and 1000")
        with self._lock:
            found = [message for message in self._book.values() if matches(message, query)]
        found.sort(key=lambda message: message.created_at, reverse=True)
        shown = found[page * size : (page + 1) * size]
        has_more = len(found) > (page + 1) * size
        return Response.json(200, listing(request, shown, page=page, size=size, has_more=has_more))

    def _add(self, message: BookedMessage) -> None:
        with self._lock:
            self._book[message.sid] = message

    def advance(self, sid: str, status: str, error_code: int | None = None) -> None:
        with self._lock:
            if message := self._book.get(sid):
                message.status = status
                message.error_code = error_code
                message.sent_at = message.sent_at or self.clock()

    # -- the control API -------------------------------------------------------------------------------

    def _control(self, request: Request) -> Answer:
        action = request.path.removeprefix("/_control/")
        try:
            return _CONTROLS[request.method, action](self, request)
        except KeyError as error:
            return Response.json(404, {"error": f"no control {request.method} {action} ({error})"})
        except (TypeError, ValueError) as error:
            return Response.json(400, {"error": str(error)})

    def _control_messages(self, request: Request) -> Answer:
        book = self.messages(to=request.query.get("to"))
        return Response.json(200, {"messages": [_shown(message) for message in book]})

    def _control_callbacks(self, _: Request) -> Answer:
        return Response.json(200, {"callbacks": [asdict(call) for call in list(self.callbacks.log)]})

    def _control_fault(self, request: Request) -> Answer:
        options = request.json()
        self.fault(options.pop("fault"), **options)
        return Response.json(201, {"faults": [asdict(fault) for fault in list(self._faults)]})

    def _control_clear(self, _: Request) -> Answer:
        self.clear_faults()
        return Response.json(200, {"faults": []})

    def _control_plan(self, request: Request) -> Answer:
        self.plan = CallbackPlan.from_json(request.json())
        return Response.json(200, asdict(self.plan))

    def _control_inbound(self, request: Request) -> Answer:
        """Send a customer's message to a webhook: {"url", "public_url"?, "deliver"?, "form": {…}}."""
        asked = request.json()
        form = inbound_form(account_sid=self.account_sid, **asked.get("form", {}))
        self.receive(form)
        if not asked.get("deliver", True):  # in Twilio's book, never delivered: what a sweep must find
            return Response.json(202, {"form": form})
        signed_as = asked.get("public_url")
        status = send_inbound(asked["url"], form, auth_token=self.auth_token, public_url=signed_as)
        return Response.json(200, {"form": form, "status": status})

    def _control_reset(self, _: Request) -> Answer:
        self.reset_all()
        return Response.json(200, {})


_CONTROLS: Final[dict[tuple[str, str], Callable[[TwilioDouble, Request], Answer]]] = {
    ("GET", "messages"): TwilioDouble._control_messages,
    ("GET", "callbacks"): TwilioDouble._control_callbacks,
    ("POST", "faults"): TwilioDouble._control_fault,
    ("DELETE", "faults"): TwilioDouble._control_clear,
    ("POST", "callbacks"): TwilioDouble._control_plan,
    ("POST", "inbound"): TwilioDouble._control_inbound,
    ("POST", "reset"): TwilioDouble._control_reset,
}


def _shown(message: BookedMessage) -> dict[str, Any]:
    return {
        **asdict(message),
        "created_at": message.created_at.isoformat(),
        "sent_at": message.sent_at and message.sent_at.isoformat(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=9001)
    parser.add_argument("--account-sid", default=ACCOUNT_SID)
    parser.add_argument("--auth-token", default=AUTH_TOKEN)
    parser.add_argument("--callback-delay", type=float, default=0.05, help="seconds before each status")
    parser.add_argument("--statuses", default="sent,delivered,read", help="blank: none")
    parser.add_argument(
        "--route", action="append", default=[], metavar="PUBLIC=LOCAL", help="where a public base URL is served"
    )
    asked = parser.parse_args()
    plan = CallbackPlan.of(*asked.statuses.split(","), delay=asked.callback_delay)
    double = TwilioDouble(
        host=asked.host,
        port=asked.port,
        account_sid=asked.account_sid,
        auth_token=asked.auth_token,
        plan=plan,
        routes=dict(route.split("=", 1) for route in asked.route),
    )
    run_alone(double, name="Twilio")


if __name__ == "__main__":
    main()
