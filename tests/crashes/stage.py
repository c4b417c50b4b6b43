"""What one walker owns: doubles of the outer world, a nursery, a database that every run begins afresh."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from project.installation import CHECKOUT
from tests.crashes import databases, warp
from tests.doubles.calendly import CalendlyDouble
from tests.doubles.twilio import CallbackPlan, TwilioDouble

ANSWER_WITHIN_SECONDS = 60.0


class Died(Exception):
    """The system ended instead of answering."""


@dataclass(slots=True)
class StoryTime:
    """Moved by the story alone; the system, PostgreSQL and the doubles follow."""

    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Nursery:
    """The process from which systems are forked; see nursery.py."""

    def __init__(self) -> None:
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "tests.crashes.settings", "LOG_LEVEL": "CRITICAL"}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.crashes.nursery"],
            cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def order(self, what: str, **details: Any) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"do": what, **details}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, f"the nursery died of: {what}"
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()


class RunningSystem:
    """A forked system and the line to it."""

    def __init__(self, nursery: Nursery, time: StoryTime, **order: Any) -> None:
        self._nursery, self._time = nursery, time
        with tempfile.TemporaryDirectory(prefix="baton-crash-") as folder, socket.socket(socket.AF_UNIX) as door:
            address = str(Path(folder) / "line")
            door.bind(address)
            door.listen(1)
            self.pid: int = nursery.order("bear", address=address, **order)
            door.settimeout(ANSWER_WITHIN_SECONDS)
            self._line, _ = door.accept()
        self._line.settimeout(ANSWER_WITHIN_SECONDS)
        self._words = self._line.makefile("rw")

    def ask(self, what: str, **details: Any) -> dict[str, Any]:
        """Raises Died."""
        command = {"do": what, "ahead": self._time.ahead.total_seconds(), **details}
        try:
            self._words.write(json.dumps(command) + "\n")
            self._words.flush()
            answer = self._words.readline()
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            answer = ""
        except OSError:
            answer = ""
        if not answer:
            raise Died(what)
        said: dict[str, Any] = json.loads(answer)
        return said

    def end(self) -> int:
        """Hangs up, and waits for the process's end; its exit code."""
        self._line.shutdown(socket.SHUT_RDWR)
        self._words.close()
        self._line.close()
        code: int = self._nursery.order("bury", pid=self.pid)
        return code


@dataclass(slots=True)
class Stage:
    """`addresses` are the doors of the installation, as the commands that made them told."""

    nursery: Nursery
    twilio: TwilioDouble
    calendly: CalendlyDouble
    addresses: dict[str, str]
    template: str
    database: str
    time: StoryTime = field(default_factory=StoryTime)

    @contextmanager
    def set(self) -> Iterator[psycopg.Connection[Any]]:
        """For one run: empty books, the installation before its first customer, real time."""
        self.twilio.reset_all()
        self.twilio.plan = CallbackPlan.never()  # the story says what Twilio reports, and when
        self.time.ahead = timedelta(0)
        databases.create(self.database, like=self.template)
        with databases.connect(self.database) as connection:
            yield connection

    def start_system(self, *, seed: int, crash_at: str = "", bug: str = "") -> RunningSystem:
        return RunningSystem(self.nursery, self.time, database=self.database, seed=seed, crash_at=crash_at, bug=bug)

    def pass_time(self, connection: psycopg.Connection[Any], span: timedelta) -> None:
        self.time.ahead += span
        connection.execute(warp.SET_DATABASE_CLOCK, [self.time.ahead.total_seconds()])


@contextmanager
def open_stages(count: int) -> Iterator[list[Stage]]:
    """Setting the installation up takes seconds, so that only the first does it."""
    with ExitStack() as opened:
        stages: list[Stage] = []
        for number in range(count):
            stages.append(opened.enter_context(_open_stage(str(number), stages[0] if stages else None)))
        yield stages


@contextmanager
def _open_stage(role: str, first: Stage | None) -> Iterator[Stage]:
    time = StoryTime()
    template, database = databases.name_of(f"{role}_before"), databases.name_of(role)
    with TwilioDouble(clock=time.now) as twilio, CalendlyDouble() as calendly:
        nursery = Nursery()
        try:
            databases.create(template, like=first.template if first else "template0")
            if first is None:
                addresses = nursery.order("found", database=template, twilio=twilio.url, calendly=calendly.url)
            else:
                addresses = first.addresses
                _connect_to(template, twilio, calendly)
            yield Stage(nursery, twilio, calendly, addresses, template, database, time)
        finally:
            nursery.close()
            databases.drop(database)
            databases.drop(template)


def _connect_to(template: str, twilio: TwilioDouble, calendly: CalendlyDouble) -> None:
    with databases.connect(template) as connection:
        connection.execute("UPDATE messaging_channel SET settings = settings || %s", [Jsonb({"api_base": twilio.url})])
        connection.execute("UPDATE handover_calendlyconnection SET api_base = %s", [calendly.url])
