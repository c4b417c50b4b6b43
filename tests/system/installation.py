"""A real installation beside doubles of the outer world: supervisor, web, workers, beat, PostgreSQL and Redis.

Nothing here reaches into the product: customers write by signed webhooks, staff act by the API, operators by commands,
and what was said is read in the doubles' own books. Only the killing knows process ids.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

import redis
import urllib3

from bench.system import SENDER, System, running_system
from project.installation import Server
from tests.doubles.calendly import EVENT_TYPE, SIGNING_KEY, TOKEN, CalendlyDouble
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN, BookedMessage, TwilioDouble, inbound_form, send_inbound

PASSWORD = "a long enough passphrase"
ASKS_FOR_PERSON = "I want to talk to a human about my contract"

Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen], *, seconds: float = 30, every: float = 0.1) -> Seen:
    """What `look` sees, once it sees something; a failed expectation shows the last sight."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"{look} still saw {seen!r} after {seconds} s"
        time.sleep(every)
    return seen


def wait_until(moment: datetime) -> None:
    time.sleep(max(0.0, moment.timestamp() - time.time()))


@dataclass(slots=True)
class Acme:
    """The workspace of every test, on its own installation, with its providers."""

    system: System
    twilio: TwilioDouble
    calendly: CalendlyDouble
    inbound_url: str = ""
    calendly_url: str = ""
    token: str = ""
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(maxsize=8, retries=False))

    def open(self) -> None:
        """Everything an operator types before the first customer writes."""
        self.manage("create_workspace", "--slug", "acme", "--name", "Acme", "--timezone", "America/Sao_Paulo",
                    "--owner-email", "ana@acme.test", "--owner-password", PASSWORD)  # fmt: skip
        twilio = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": SENDER, "api_base": self.twilio.url}
        channel = self._set("create_channel", twilio, "whatsapp_twilio", "--name", "Sales")
        self.inbound_url = channel["inbound_url"]
        calendly = {"token": TOKEN, "event_type": EVENT_TYPE, "signing_key": SIGNING_KEY, "api_base": self.calendly.url}
        self.calendly_url = self._set("connect_calendly", calendly)["webhook_url"]
        self.token = self.manage("create_token", "--email", "ana@acme.test")["token"]
        self.sql("UPDATE crm_workspace SET debounce_seconds = 0")

    def _set(self, command: str, values: Mapping[str, str], *words: str) -> Any:
        settings = [word for name, value in values.items() for word in ("--set", f"{name}={value}")]
        return self.manage(command, *words, "--workspace", "acme", *settings)

    def manage(self, *words: str) -> Any:
        return self.system.manage(*words)

    def set_ladder(self, *seconds: float) -> None:
        minutes = ",".join(f"{second / 60:.6f}" for second in seconds)
        self.manage("set_handover_policy", "--workspace", "acme", "--minutes", minutes)

    def api(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._http.request(
            method,
            f"{self.system.url}/api/v1/{path}",
            body=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self.token}", "Content-Type": "application/json"},
            timeout=30,
        )
        assert answer.status < 300, (method, path, answer.status, answer.data)
        return json.loads(answer.data)

    def sql(self, statement: str) -> None:
        with self.system.connect() as connection:
            connection.execute(statement)

    def empty_redis(self) -> None:
        with redis.Redis.from_url(self.system.installation.url(Server.REDIS)) as client:
            client.flushall()

    def pid(self, program: str) -> int | None:
        """The process of web, worker, reasoning or beat; None while it is being started again."""
        running = self.system.processes().get(program, [])
        return running[0].pid if running else None

    def kill(self, program: str) -> None:
        """kill -9, as the machine's memory killer does it."""
        os.kill(eventually(lambda: self.pid(program)), signal.SIGKILL)

    def customer(self) -> Customer:
        return Customer(self, f"+55119800{next(self._numbers):05d}")


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with a phone."""

    acme: Acme
    phone: str

    @property
    def address(self) -> str:
        return f"whatsapp:{self.phone}"

    def says(self, text: str) -> float:
        """The signed webhook; when it was answered."""
        form = inbound_form(text, sender=self.address, to=SENDER)
        self.acme.twilio.receive(form)
        assert send_inbound(self.acme.inbound_url, form, auth_token=AUTH_TOKEN) == 204
        return time.time()

    def heard(self) -> list[BookedMessage]:
        """What the provider accepted for this phone, in order of arrival."""
        return self.acme.twilio.messages(to=self.address)

    def ids_heard(self) -> list[str]:
        """Our own ids of what the provider accepted, as they travelled with the messages."""
        return [message.status_callback.partition("mid=")[2] for message in self.heard()]

    def heard_texts(self) -> list[str]:
        return [message.body for message in self.heard()]

    def waits_for_texts(self, count: int, *, seconds: float = 30) -> list[BookedMessage]:
        return eventually(lambda: heard if len(heard := self.heard()) >= count else [], seconds=seconds)

    def asks_for_person(self) -> dict[str, Any]:
        """Returns the handover, once it is there."""
        self.says(ASKS_FOR_PERSON)
        return eventually(self.handover)

    def conversation(self) -> dict[str, Any]:
        found = self.acme.api("GET", f"conversations/?search=%2B{self.phone[1:]}")["results"]
        return found[0] if found else {}

    def handover(self) -> dict[str, Any]:
        mine = self.conversation().get("id")
        waiting = self.acme.api("GET", "handovers/")["results"]
        return next((handover for handover in waiting if handover["conversation"] == mine), {})

    def steps(self) -> dict[str, str]:
        return {step["rung"]: step["state"] for step in self.handover()["steps"]}

    def messages(self) -> list[dict[str, Any]]:
        """Oldest first, the withheld ones too."""
        found: list[dict[str, Any]] = self.acme.api("GET", f"conversations/{self.conversation()['id']}/messages/")[
            "results"
        ]
        return found[::-1]

    def trail(self, *kinds: str) -> list[dict[str, Any]]:
        conversation = self.conversation()
        if not conversation:
            return []
        events = self.acme.api("GET", f"conversations/{conversation['id']}/trail/")
        return [event for event in events if not kinds or event["kind"] in kinds]

    def staff(self, action: str, body: Any = None) -> Any:
        """Ana acts on this conversation: messages, take-over, return-to-ai or resolve."""
        return self.acme.api("POST", f"conversations/{self.conversation()['id']}/{action}/", body)


@contextmanager
def acme_installation(*, options: Sequence[str] = (), **environment: str) -> Iterator[Acme]:
    """`options` are further words for `manage.py up`."""
    with (
        TwilioDouble() as twilio,
        CalendlyDouble() as calendly,
        running_system(options=options, **environment) as system,
    ):
        acme = Acme(system, twilio, calendly)
        acme.open()
        yield acme
