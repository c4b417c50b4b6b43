"""Customers and staff, driven while the faults happen. Nothing is repeated that its real sender would not repeat.

Customers write through signed webhooks. Twilio calls once: what was not answered stays in its list. Staff act through
the API, and ask again under the same key when they got no answer.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import urllib3

from bench.system import SENDER
from tests.doubles.twilio import AUTH_TOKEN, inbound_form, send_inbound
from tests.system.installation import ASKS_FOR_PERSON

from .arena import Arena
from .history import Action, History, Outcome

SAYINGS: Final = ("Hello", "What does it cost?", "Do you deliver on Saturdays?", "Which plan do you advise?")
STAFF: Final = ("takes over", "writes", "returns", "resolves")
DRIVERS: Final = 12
MOST_WAITING: Final = 40
WRITES_AGAIN: Final = 0.2


@dataclass(slots=True)
class Traffic:
    """The customers of one row: their phones begin with the row's number, so that each row is judged alone."""

    arena: Arena
    rng: Random
    row: int
    history: History = field(default_factory=History)
    _conversations: dict[str, int] = field(default_factory=dict)
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=DRIVERS, retries=False))

    def new_phone(self) -> str:
        return f"+55119{self.row:02d}{self.arena.next_number():06d}"

    # -- customers -------------------------------------------------------------------------------------------------

    def says(self, phone: str, text: str, *, is_delivered: bool = True, is_listed: bool = True) -> Action:
        """A message leaves a phone: Twilio books it and calls our webhook, once."""
        form = inbound_form(text, sender=f"whatsapp:{phone}", to=SENDER)
        if is_listed:
            self.arena.twilio.receive(form)
        return self.deliver(phone, form, is_listed=is_listed) if is_delivered else self.withhold(phone, form)

    def deliver(self, phone: str, form: dict[str, str], *, is_listed: bool = True) -> Action:
        began = time.time()
        outcome = self._knock(form)
        return self.history.add(Action("says", phone, began, time.time(), outcome, form["MessageSid"], is_listed))

    def withhold(self, phone: str, form: dict[str, str]) -> Action:
        """In the provider's list, and never delivered."""
        now = time.time()
        return self.history.add(Action("says", phone, now, now, Outcome.UNKNOWN, form["MessageSid"]))

    def _knock(self, form: dict[str, str]) -> Outcome:
        try:
            status = send_inbound(self.arena.acme.inbound_url, form, auth_token=AUTH_TOKEN)
        except (urllib3.exceptions.HTTPError, OSError):
            return Outcome.UNKNOWN
        return Outcome.OK if status < 300 else Outcome.FAIL

    # -- staff -----------------------------------------------------------------------------------------------------

    def staff(self, kind: str, phone: str) -> Action | None:
        """Ana acts; None while there is no conversation to act on."""
        with suppress(urllib3.exceptions.HTTPError, OSError, ValueError):
            conversation = self._conversation(phone)
            if conversation:
                return self._act(kind, phone, conversation)
        return None

    def _act(self, kind: str, phone: str, conversation: int) -> Action:
        path, body = _REQUESTS[kind]
        key, began = uuid.uuid4().hex, time.time()
        outcome, answer = self._ask("POST", f"conversations/{conversation}/{path}/", body, key=key)
        if outcome == Outcome.UNKNOWN and body:  # only a message carries a key that makes a second try harmless
            time.sleep(1)
            outcome, answer = self._ask("POST", f"conversations/{conversation}/{path}/", body, key=key)
        subject = str(answer.get("id", "")) if kind == "writes" else ""
        return self.history.add(Action(kind, phone, began, time.time(), outcome, subject))

    def _conversation(self, phone: str) -> int | None:
        if phone not in self._conversations:
            _, found = self._ask("GET", f"conversations/?search=%2B{phone[1:]}")
            for conversation in found.get("results", [])[:1]:
                self._conversations[phone] = conversation["id"]
        return self._conversations.get(phone)

    def _ask(self, method: str, path: str, body: Any = None, *, key: str = "") -> tuple[Outcome, dict[str, Any]]:
        headers = {"Authorization": f"Token {self.arena.acme.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        url, content = f"{self.arena.system.url}/api/v1/{path}", json.dumps(body or {}).encode()
        try:
            answer = self._http.request(method, url, body=content, headers=headers, timeout=10)
        except (urllib3.exceptions.HTTPError, OSError):
            return Outcome.UNKNOWN, {}
        if answer.status >= 500:
            return Outcome.UNKNOWN, {}
        if answer.status >= 300:
            return Outcome.FAIL, {}
        return Outcome.OK, json.loads(answer.data)

    # -- a crowd ---------------------------------------------------------------------------------------------------

    @contextmanager
    def flowing(
        self, *, a_second: float, asking: float = 0.2, staffed: float = 0.1, is_listed: bool = True
    ) -> Iterator[None]:
        """While the block runs, `a_second` customers write: a share asks for a person, a share meets Ana.

        Open loop, up to a crowd of MOST_WAITING: on a machine with too much to do the faults, not the queue, are what
        is to be seen. At the end everyone has been heard out.
        """
        over = threading.Event()
        crowd = Crowd(self, asking, staffed, is_listed)
        with ThreadPoolExecutor(DRIVERS, thread_name_prefix="driver") as drivers:
            flow = threading.Thread(target=crowd.flow, args=(drivers, over, a_second))
            flow.start()
            try:
                yield
            finally:
                over.set()
                flow.join()


@dataclass(slots=True)
class Crowd:
    """Draws who does what next, in one thread, so that a seed tells the same story."""

    traffic: Traffic
    asking: float
    staffed: float
    is_listed: bool
    known: list[str] = field(default_factory=list)

    def flow(self, drivers: ThreadPoolExecutor, over: threading.Event, a_second: float) -> None:
        due = time.monotonic()
        while not over.is_set():
            if len(self.known) - len(self.traffic.arena.twilio.calls.callees) < MOST_WAITING:
                drivers.submit(self.next_act())
            due = max(due + 1 / a_second, time.monotonic())
            over.wait(due - time.monotonic())

    def next_act(self) -> Callable[[], Any]:
        rng = self.traffic.rng
        if len(self.known) > 10 and rng.random() < self.staffed:
            kind, phone = rng.choice(STAFF), rng.choice(self.known[:-5])
            return lambda: self.traffic.staff(kind, phone)
        phone = self._writer()
        text = ASKS_FOR_PERSON if rng.random() < self.asking else rng.choice(SAYINGS)
        return lambda: self.traffic.says(phone, text, is_listed=self.is_listed)

    def _writer(self) -> str:
        """Mostly somebody new; at times one who wrote before."""
        if self.known and self.traffic.rng.random() < WRITES_AGAIN:
            return self.traffic.rng.choice(self.known)
        self.known.append(self.traffic.new_phone())
        return self.known[-1]


_REQUESTS: Final[dict[str, tuple[str, Any]]] = {
    "takes over": ("take-over", None),
    "writes": ("messages", {"body": "Ana here. How can I help?"}),
    "returns": ("return-to-ai", None),
    "resolves": ("resolve", None),
}
