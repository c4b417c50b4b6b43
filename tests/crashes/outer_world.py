"""Everybody outside of the system, who go on as they would when it dies in the middle of something.

Davi's webhook that was not answered is repeated by Twilio or not, as his account is set; what is not repeated is in
Twilio's list. Calendly repeats until it is answered. Bruno, whose click failed, clicks again. A supervisor starts the
system again, at once or late.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import urlencode, urlsplit

import psycopg
from psycopg.types.json import Jsonb

from tests.crashes.databases import wait_until_left
from tests.crashes.founding import SENDER
from tests.crashes.points import DIED_HERE
from tests.crashes.stage import Died, RunningSystem, Stage
from tests.doubles.calendly import SIGNING_KEY, created, signature, token_of
from tests.doubles.twilio import AUTH_TOKEN, BookedMessage, inbound_form, status_form
from tests.doubles.twilio_forms import signed_headers

DAVI = "whatsapp:+5511987654321"
DOWN_FOR = (0.0, 0.0, 3.0, 50.0, 130.0, 1000.0)
"""Seconds until the system runs again; others' leases of it last between 5 and 45."""

NOWHERE = "http://127.0.0.1:9"

PATIENCE = 40
"""How often somebody looks again, half a minute later, for what they wait for."""


class Wrong(AssertionError):
    """The system did what no crash explains."""


@dataclass(slots=True)
class OuterWorld:
    """One run of a story. `chance` decides what the world does about a crash, and nothing before it."""

    stage: Stage
    database: psycopg.Connection[Any]
    seed: int
    chance: Random
    crash_at: str = ""
    first_dies_at: str = ""
    """Where the journey's own first life ends; `crash_at` is then in the second."""
    bug: str = ""
    diary: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)
    booked: list[str | None] = field(default_factory=list)
    person_alone: list[tuple[int, int | None]] = field(default_factory=list)
    """From where to where in Twilio's book a person had the conversation, and knew it."""
    deaths: list[str] = field(default_factory=list)
    _system: RunningSystem | None = None
    _reported: set[str] = field(default_factory=set)
    _keys: int = 0

    def __enter__(self) -> OuterWorld:
        self._start(self.seed)
        return self

    def __exit__(self, *exc: object) -> None:
        if self._system is not None:
            self._system.end()

    # -- Davi ------------------------------------------------------------------------------------------------------

    def davi_writes(self, text: str, *, is_lost: bool = False) -> None:
        """A lost one is in Twilio's list, but its webhook never came."""
        sid = f"SM{len(self.written) + 1:032x}"
        form = inbound_form(text, sender=DAVI, to=SENDER, message_sid=sid)
        self.stage.twilio.receive(form)
        self.written.append(sid)
        self.diary.append(f"Davi writes: {text}")
        if is_lost:
            return
        if self._knock(self.stage.addresses["inbound"], form) is None and self._is_repeated("Davi's webhook"):
            self._knock(self.stage.addresses["inbound"], form)

    def davi_books(self) -> None:
        """Through the newest link on his phone, if there is one."""
        link = next((word for said in reversed(self.heard()) for word in said.body.split() if _is_link(word)), None)
        if link is None:
            self.diary.append("Davi has no link to book with")
            return
        self.diary.append("Davi books a call")
        starts_at = self.stage.time.now() + timedelta(days=1)
        self.booked.append(token_of(link))
        body = json.dumps(created(self.booked[-1], starts_at=starts_at)).encode()
        self._until_answered(lambda: self._calendly_tells(body))

    def _calendly_tells(self, body: bytes) -> int | None:
        signed = signature(body, SIGNING_KEY, at=self.stage.time.now().timestamp())
        headers = {"Content-Type": "application/json", "Calendly-Webhook-Signature": signed}
        return self._request("POST", self.stage.addresses["calendly"], headers, body)[0]

    def heard(self) -> list[BookedMessage]:
        """What reached Davi's phone, in order."""
        return self.stage.twilio.messages(to=DAVI)

    # -- Twilio ----------------------------------------------------------------------------------------------------

    def twilio_reports(self, *statuses: str) -> None:
        """What became of every message that it has and has not yet reported on."""
        for booked in self.heard():
            if booked.sid not in self._reported:
                self._reported.add(booked.sid)
                for status in statuses or ("sent", "delivered"):
                    self._report(booked, status)

    def _report(self, booked: BookedMessage, status: str) -> None:
        self.diary.append(f"Twilio reports {status}: {booked.body[:50]}")
        self.stage.twilio.advance(booked.sid, status)
        form = status_form(message_sid=booked.sid, status=status, to=booked.to, sender=booked.sender)
        if self._knock(booked.status_callback, form) is None and self._is_repeated("the callback"):
            self._knock(booked.status_callback, form)

    def twilio_is_cut_off(self) -> None:
        """From us; its callbacks still come."""
        self._reach_twilio_at(NOWHERE)

    def twilio_is_back(self) -> None:
        self._reach_twilio_at(self.stage.twilio.url)

    def _reach_twilio_at(self, address: str) -> None:
        self.diary.append(f"Twilio is at {address}")
        base = Jsonb({"api_base": address})
        self.database.execute("UPDATE messaging_channel SET settings = settings || %s", [base])

    def _knock(self, address: str, form: Mapping[str, str]) -> int | None:
        headers = signed_headers(address, form, AUTH_TOKEN)
        return self._request("POST", address, headers, urlencode(form).encode())[0]

    def _is_repeated(self, what: str) -> bool:
        is_repeated = self.chance.random() < 0.5
        self.diary.append(f"{what} was not answered, and is {'repeated' if is_repeated else 'left to the list'}")
        return is_repeated

    # -- Bruno -----------------------------------------------------------------------------------------------------

    def bruno_takes_over(self) -> None:
        self._bruno("take-over")
        self._person_is_alone()

    def bruno_answers(self, text: str) -> None:
        self._bruno("messages", {"body": text})
        self._person_is_alone()

    def bruno_claims(self) -> None:
        handover = self._awaited(lambda: self._listed("handovers/"))
        self._click(f"handovers/{handover['id']}/claim/", {})

    def bruno_returns_it(self) -> None:
        self._person_leaves()
        self._bruno("return-to-ai")

    def bruno_resolves_it(self) -> None:
        self._person_leaves()
        self._bruno("resolve")

    def bruno_goes_home(self) -> None:
        """The auto-return rule will find out."""
        self._person_leaves()

    def _person_is_alone(self) -> None:
        if not self.person_alone or self.person_alone[-1][1] is not None:
            self.person_alone.append((len(self.heard()), None))

    def _person_leaves(self) -> None:
        if self.person_alone and self.person_alone[-1][1] is None:
            self.person_alone[-1] = (self.person_alone[-1][0], len(self.heard()))

    def _bruno(self, action: str, body: Mapping[str, str] | None = None) -> None:
        conversation = self._awaited(lambda: self._listed("conversations/"))
        self._click(f"conversations/{conversation['id']}/{action}/", body or {})

    def _click(self, path: str, body: Mapping[str, str]) -> None:
        """The same click again carries the same key, as the browser's form does."""
        self._keys += 1
        self.diary.append(f"Bruno: {path} {body or ''}")
        self._until_answered(lambda: self._api("POST", path, body, key=f"click-{self._keys}")[0])

    def _listed(self, path: str) -> dict[str, Any] | None:
        _, answer = self._api("GET", path)
        found = json.loads(answer)["results"] if answer else []
        return found[0] if found else None

    def _awaited(self, look: Callable[[], dict[str, Any] | None]) -> dict[str, Any]:
        """What a person waits to see before they act on it."""
        for _ in range(PATIENCE):
            if seen := look():
                return seen
            self.passes(seconds=30)
        raise Wrong("Bruno never saw what he waited for")

    def _api(self, method: str, path: str, body: Mapping[str, str] | None = None, key: str = "") -> Any:
        headers = {"Host": "baton.example", "Content-Type": "application/json"}
        headers["Authorization"] = f"Token {self.stage.addresses['token']}"
        if key:
            headers["Idempotency-Key"] = key
        content = b"" if body is None else json.dumps(body).encode()
        return self._request(method, f"/api/v1/{path}", headers | {"Content-Length": str(len(content))}, content)

    def _until_answered(self, act: Callable[[], int | None]) -> None:
        for _ in range(PATIENCE):
            if act() is not None:
                return
            self.diary.append("they try again")
        raise Wrong("nobody answered any more")

    # -- time ------------------------------------------------------------------------------------------------------

    def everybody_works(self) -> None:
        while True:
            try:
                self._running.ask("work")
            except Died:
                self._restart()
            else:
                return

    def passes(self, **span: float) -> None:
        """Time moves on; then beat ticks, and the workers work."""
        self.stage.pass_time(self.database, timedelta(**span))
        self.diary.append(f"{self.stage.time.ahead} into the story")
        self.everybody_works()

    def comes_to_rest(self) -> None:
        for seconds in (3, 20, 40, 60, 120, 1000):
            self.twilio_reports()
            self.passes(seconds=seconds)

    # -- the line to the system ------------------------------------------------------------------------------------

    @property
    def _running(self) -> RunningSystem:
        assert self._system is not None
        return self._system

    def ask(self, what: str) -> dict[str, Any]:
        return self._running.ask(what)

    def _request(self, method: str, address: str, headers: Mapping[str, str], body: bytes) -> tuple[int | None, str]:
        """Status and body; None when nobody answered, or the door could not store it in time and said so."""
        path = urlsplit(address)._replace(scheme="", netloc="").geturl()
        said = base64.b64encode(body).decode()
        try:
            answer = self._running.ask("answer", method=method, path=path, headers=dict(headers), body=said)
        except Died:
            self._restart()
            return None, ""
        if answer["status"] == 503:  # it was not stored in time on a busy machine; callers do as when nobody answers
            self.diary.append(f"{method} {path.partition('?')[0]} was turned away")
            return None, ""
        if answer["status"] >= 300:
            raise Wrong(f"{method} {path} was answered {answer['status']}: {answer['body'][:300]}")
        return answer["status"], answer["body"]

    @property
    def to_die_at(self) -> list[str]:
        """What of this run's deaths is still to come."""
        return [point for point in (self.first_dies_at, self.crash_at) if point][len(self.deaths) :]

    def _start(self, seed: int) -> None:
        crash_at = next(iter(self.to_die_at), "")
        self._system = self.stage.start_system(seed=seed, crash_at=crash_at, bug=self.bug)

    def _restart(self) -> None:
        code = self._running.end()
        self._system = None
        if code != DIED_HERE or not self.to_die_at:
            raise Wrong(f"the system ended by itself, with {code}")
        self.deaths.append(self.to_die_at[0])
        wait_until_left(self.database)
        if len(self.deaths) == 1 and self.first_dies_at:
            self.diary.append(f"DIED {self.first_dies_at}, as the journey has it")
            self._start(self.seed)
        else:
            self._recover()

    def _recover(self) -> None:
        """At once or late; Twilio's callbacks come before the workers, or after them."""
        down_for = self.chance.choice(DOWN_FOR)
        self.diary.append(f"DIED {self.crash_at}; runs again after {down_for:g} s")
        self.stage.pass_time(self.database, timedelta(seconds=down_for))
        self._start(self.chance.randrange(1000))
        if self.chance.random() < 0.5:
            self.twilio_reports()


def _is_link(word: str) -> bool:
    return word.startswith("https://calendly.com/")
