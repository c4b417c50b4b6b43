"""The real system and its providers, with hands on every process: the place where the rows do harm.

Web, two workers, two beats, PostgreSQL and Redis run as `manage.py up` starts them, on ports and in a folder of their
own, beside doubles of Twilio and Calendly that live in this process.
"""

from __future__ import annotations

import itertools
import os
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final

import psutil
import psycopg
import redis

from bench.system import System, program_named
from project.installation import Server
from tests.doubles.calendly import CalendlyDouble
from tests.doubles.model import ModelDouble
from tests.doubles.twilio import TwilioDouble
from tests.doubles.twilio_calls import ignore
from tests.system.installation import Acme, acme_installation

from .devices.pauses import ARMED
from .settling import Unsettled, unsettled
from .tempo import THOUGHT_SECONDS

LADDER: Final = (2.0, 4.0, 6.0, 8.0)
PROGRAMS: Final = {"web": 1, "worker": 2, "beat": 2}
READY_SECONDS: Final = 60.0
STALLED_SECONDS: Final = 20.0
"""Longer than any lease, look or retry of this tempo."""


@dataclass(slots=True)
class Arena:
    acme: Acme
    model: ModelDouble | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def next_number(self) -> int:
        """For a phone that nobody on this arena has."""
        return next(self._numbers)

    @property
    def system(self) -> System:
        return self.acme.system

    @property
    def twilio(self) -> TwilioDouble:
        return self.acme.twilio

    @property
    def calendly(self) -> CalendlyDouble:
        return self.acme.calendly

    # -- looking ---------------------------------------------------------------------------------------------------

    def query(self, statement: str, values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows by plain SQL; PostgreSQL may just be starting again."""
        deadline = time.monotonic() + 30
        while True:
            try:
                with self.system.connect() as connection:
                    return connection.execute(statement, values).fetchall()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def alive(self, program: str) -> list[psutil.Process]:
        """The running processes of web, worker, beat or reasoning, the oldest first."""
        children = psutil.Process(self.system.process.pid).children()
        return sorted((child for child in children if _is(program, child)), key=lambda child: child.create_time())

    def working(self, program: str) -> list[psutil.Process]:
        """Those that have met the database: before, a process is only being loaded, and its death hurts nobody."""
        return [process for process in self.alive(program) if _threads_of(process) > 3]

    def some_working(self, program: str, rng: Random) -> psutil.Process:
        """One of them, as soon as there is one: they may all have been killed just now."""
        found: list[psutil.Process] = []

        def look() -> bool:
            found[:] = self.working(program)
            return bool(found)

        wait_for(look, f"working {program}")
        return rng.choice(found)

    def caller(self, client_port: int) -> psutil.Process | None:
        """The worker whose connection to a double has this port."""
        for process in [*self.alive("worker"), *self.alive("reasoning")]:
            with suppress(psutil.Error):
                if any(link.laddr.port == client_port for link in process.net_connections("tcp") if link.laddr):
                    return process
        return None

    def unsettled(self, *, since: float) -> Unsettled:
        return unsettled(self.query, since=since)

    def settle(self, *, seconds: float = 120, stalled: float = STALLED_SECONDS) -> Unsettled:
        """Wait until nothing is under way any more; what still is after `seconds`, or has not moved for `stalled`."""
        began = moved = time.time()
        left = self.unsettled(since=began)
        while left and time.time() < min(began + seconds, moved + stalled):
            time.sleep(0.25)
            before, left = left, self.unsettled(since=began)
            moved = moved if left == before else time.time()
        return left

    def logged(self, words: str) -> int:
        """How many lines of the system's own log hold these words."""
        log = (self.system.installation.data / "bench.log").read_text(errors="replace")
        return sum(words in line for line in log.splitlines())

    def _answers(self) -> bool:
        with suppress(OSError), urllib.request.urlopen(f"{self.system.url}/healthz", timeout=2) as answer:
            return bool(answer.status == 200)
        return False

    # -- harming ---------------------------------------------------------------------------------------------------

    def kill(self, process: psutil.Process) -> bool:
        """kill -9; False when it was gone."""
        return _signal(process, signal.SIGKILL)

    @contextmanager
    def paused(self, process: psutil.Process) -> Iterator[None]:
        """SIGSTOP until the block ends."""
        _signal(process, signal.SIGSTOP)
        try:
            yield
        finally:
            _signal(process, signal.SIGCONT)

    def arm_stop_before_call(self) -> None:
        """The next sender stops itself between its commit and its call (devices/pauses.py)."""
        (self.system.installation.data / ARMED).touch()

    def stopped(self) -> psutil.Process | None:
        """A worker that stopped itself."""
        for process in self.alive("worker"):
            with suppress(psutil.Error):
                if process.status() == psutil.STATUS_STOPPED:
                    return process
        return None

    def restart_postgres(self, *, down: float) -> None:
        """`pg_ctl stop -m immediate`, and `down` seconds without it: no checkpoint, every connection cut."""
        self._stop_server(Server.POSTGRES, signal.SIGQUIT, down)

    def restart_redis(self, *, down: float) -> None:
        self._stop_server(Server.REDIS, signal.SIGKILL, down)

    def pause_redis(self, *, seconds: float) -> None:
        """It accepts connections and answers nobody."""
        [server] = self._keeper(Server.REDIS).children()
        with self.paused(server):
            time.sleep(seconds)

    def flush_redis(self) -> None:
        wait_for(self._redis_answers, "Redis")  # it may just be starting again
        with redis.Redis.from_url(self.system.installation.url(Server.REDIS)) as client:
            client.flushall()

    def _redis_answers(self) -> bool:
        url = self.system.installation.url(Server.REDIS)
        with suppress(redis.ConnectionError), redis.Redis.from_url(url) as client:
            return bool(client.ping())
        return False

    def _stop_server(self, server: Server, number: signal.Signals, down: float) -> None:
        """Its keeper sleeps meanwhile, or it would be back at once."""
        keeper = self._keeper(server)
        with self.paused(keeper):
            for process in keeper.children():
                _signal(process, number)
                _wait_until_gone(process)
            time.sleep(down)

    def _keeper(self, server: Server) -> psutil.Process:
        return psutil.Process(int(self.system.installation.keeper_lock(server).read_text()))

    # -- mending ---------------------------------------------------------------------------------------------------

    def mend(self) -> None:
        """What the next row may rely on: every process runs, the providers behave and have empty books."""
        self.twilio.calls.on_call = ignore
        self.twilio.reset_all()
        if self.model:
            self.model.reset()
        (self.system.installation.data / ARMED).unlink(missing_ok=True)
        for program in (*PROGRAMS, "reasoning"):
            for process in self.alive(program):
                _signal(process, signal.SIGCONT)
        for program, count in PROGRAMS.items():
            wait_for(lambda: len(self.alive(program)) >= count, f"{count} x {program}")  # noqa: B023
        wait_for(self._answers, "healthy web process")


def wait_for(look: Callable[[], bool], what: str, *, seconds: float = READY_SECONDS) -> None:
    if not comes_true(look, seconds=seconds):
        raise TimeoutError(f"no {what} after {seconds:g} s")


def comes_true(look: Callable[[], bool], *, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not look():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
    return True


@contextmanager
def running_arena(*, planted: Sequence[str] = (), has_model: bool = False, **environment: str) -> Iterator[Arena]:
    """`planted` bugs and further variables for every process of the system; with a model, a double of one thinks."""
    sizes = ("--workers", str(PROGRAMS["worker"]), "--beats", str(PROGRAMS["beat"]))
    environment |= {"DJANGO_SETTINGS_MODULE": "tests.chaos.settings", "BATON_PLANTED": ",".join(planted)}
    with ExitStack() as stack:
        model = stack.enter_context(ModelDouble()) if has_model else None
        if model:
            environment |= {"OPENAI_BASE_URL": model.base_url, "REASONING_BUDGET_SECONDS": str(THOUGHT_SECONDS)}
        acme = stack.enter_context(acme_installation(options=sizes, **environment))
        acme.set_ladder(*LADDER)
        arena = Arena(acme, model)
        arena.mend()
        yield arena


def _is(program: str, process: psutil.Process) -> bool:
    try:
        return program_named(process.cmdline()) == program
    except psutil.Error:
        return False


def _threads_of(process: psutil.Process) -> int:
    try:
        return int(process.num_threads())
    except psutil.Error:
        return 0


def _signal(process: psutil.Process, number: signal.Signals) -> bool:
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return False
    return True


def _wait_until_gone(process: psutil.Process) -> None:
    def is_gone() -> bool:
        try:
            return bool(process.status() == psutil.STATUS_ZOMBIE)  # its keeper sleeps and buries nobody
        except psutil.NoSuchProcess:
            return True

    wait_for(is_gone, f"the end of process {process.pid}", seconds=15)
