"""Runs web, worker and beat beside the embedded servers; restarts what dies, stops everything together.

Run by `manage.py up` through exec, so that this process holds neither Django nor the applications in memory.
Standard library only, one thread: the kernel ties the children to the thread that started them.
"""

import fcntl
import json
import os
import selectors
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from project.embedded import Servers, attach
from project.installation import CHECKOUT, Installation, open_lock
from project.processes import die_with_parent, started_at, stop_stranger

STOP_SECONDS = 10.0
READY_SECONDS = 60.0
PAUSES = (0.5, 1, 2, 4, 8)
STABLE_SECONDS = 30.0

CELERY = [sys.executable, "-m", "celery", "--quiet", "-A", "project"]
WORKER = [*CELERY, "worker", "--pool", "threads", "--concurrency", "16"]
# The checks load every screen and the API, which a worker never shows.
COMMON = {"PYTHONUNBUFFERED": "1", "CELERY_SKIP_CHECKS": "1"}
QUIET = ["--without-gossip", "--without-mingle", "--without-heartbeat"]


@dataclass(frozen=True, slots=True)
class Program:
    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def programs(host: str, port: int, *, reasoning: bool, workers: int = 1, beats: int = 1) -> list[Program]:
    """With a model, one worker of its own does the reasoning: only that process imports CrewAI.

    Workers need node names of their own; beats need nothing, because a tick that comes twice does nothing twice.
    """
    web = [sys.executable, "-m", "uvicorn", "project.asgi:application", "--host", host, "--port", str(port)]
    web += ["--loop", "uvloop", "--http", "httptools", "--ws", "websockets-sansio", "--no-access-log"]
    web += ["--timeout-graceful-shutdown", "5", "--log-config", str(CHECKOUT / "project" / "uvicorn-logs.json")]
    beat = [*CELERY, "beat", "--schedule", os.devnull, "--pidfile", ""]
    queues = "wake" if reasoning else "wake,reasoning"
    chosen = [Program("web", web)]
    for name in numbered("worker", workers):
        chosen.append(Program(name, [*WORKER, "-Q", queues, "-n", f"{name}@%h", *QUIET]))
    chosen += [Program(name, beat) for name in numbered("beat", beats)]
    if reasoning:
        own = [*WORKER, "-Q", "reasoning", "-n", "reasoning@%h", *QUIET]
        chosen.append(Program("reasoning", own, {"BATON_REASONING": "1"}))
    return chosen


def numbered(name: str, count: int) -> list[str]:
    return [name] if count == 1 else [f"{name}{number}" for number in range(1, count + 1)]


class Child:
    """One program and its current process."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.deaths = 0
        self.due = 0.0

    def start(self) -> BinaryIO:
        self.started = time.monotonic()
        self.process = subprocess.Popen(
            self.program.command,
            cwd=CHECKOUT,
            env={**os.environ, **COMMON, **self.program.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # the terminal's Ctrl-C is for the supervisor, which stops them in order
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        assert self.process.stdout is not None
        return self.process.stdout  # type: ignore[return-value]

    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def plan_restart(self) -> float:
        """Soon after the first death, later when it keeps dying; the pause in seconds."""
        lived = time.monotonic() - self.started
        self.deaths = 1 if lived > STABLE_SECONDS else self.deaths + 1
        pause = PAUSES[min(self.deaths, len(PAUSES)) - 1]
        self.due = time.monotonic() + pause
        return pause

    def signal(self, number: signal.Signals) -> None:
        if self.process is not None and self.is_alive():
            os.killpg(self.process.pid, number)


class Supervisor:
    def __init__(self, servers: Servers, children: list[Child]) -> None:
        self.installation = servers.installation
        self.servers = servers
        self.children = children
        self.stopping = False
        self.signals = 0
        self.selector = selectors.DefaultSelector()

    def run(self, *, address: str, greeting: str) -> int:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._remember_signal)
        stop_orphans(self.installation)
        for child in self.children:
            self._start(child)
        try:
            self._greet_when_ready(address, greeting)
            while not self.stopping:
                self._look_after(seconds=0.5)
        finally:
            self._stop_all()
        return 0

    def _remember_signal(self, *_: object) -> None:
        self.stopping = True
        self.signals += 1

    def _greet_when_ready(self, address: str, greeting: str) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.stopping and not is_healthy(address):
            if time.monotonic() > deadline:
                say("baton", f"{address} is silent after {READY_SECONDS:.0f} s; still trying, see the lines above")
                deadline = float("inf")
            self._look_after(seconds=0.1)
        if not self.stopping:
            print(greeting, flush=True)

    def _look_after(self, *, seconds: float) -> None:
        self._forward_lines(seconds)
        for child in self.children:
            self._revive(child)
        self.servers.revive()

    def _revive(self, child: Child) -> None:
        if child.is_alive():
            return
        if child.process is not None:
            code = child.process.returncode
            child.process = None
            pause = child.plan_restart()
            say("baton", f"{child.program.name} ended ({code}); starting it again in {pause:g} s")
        elif time.monotonic() >= child.due:
            self._start(child)

    def _start(self, child: Child) -> None:
        output = child.start()
        os.set_blocking(output.fileno(), False)
        self.selector.register(output, selectors.EVENT_READ, Lines(child.program.name))
        self._record()

    def _record(self) -> None:
        alive = [child.process.pid for child in self.children if child.process and child.is_alive()]
        record = [[pid, started_at(pid)] for pid in alive]
        children_file(self.installation).write_text(json.dumps(record))

    def _forward_lines(self, seconds: float) -> None:
        for key, _ in self.selector.select(seconds):
            output: BinaryIO = key.fileobj  # type: ignore[assignment]
            chunk = output.read(65536) or b""
            key.data.add(chunk)
            if not chunk:
                self.selector.unregister(output)
                output.close()

    def _stop_all(self) -> None:
        """Ask all at once, give them time to finish what they are doing, then insist. The servers go last."""
        say("baton", "stopping")
        for child in self.children:
            child.signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.is_alive() for child in self.children):
            if time.monotonic() > deadline or self.signals > 1:
                for child in self.children:
                    child.signal(signal.SIGKILL)
            self._forward_lines(0.1)
        children_file(self.installation).unlink(missing_ok=True)


class Lines:
    """Puts together the lines of one child and prints each with its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.rest = b""

    def add(self, chunk: bytes) -> None:
        *lines, self.rest = (self.rest + chunk).split(b"\n")
        if not chunk and self.rest:
            lines, self.rest = [self.rest], b""
        for line in lines:
            say(self.name, line.decode(errors="replace"))


def say(name: str, line: str) -> None:
    """A closed terminal must not end the supervisor before it has stopped its children."""
    try:
        print(f"{name:<9} | {line}", flush=True)
    except (BrokenPipeError, OSError):
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115, PTH123


def is_healthy(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/healthz", timeout=1) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def children_file(installation: Installation) -> Path:
    return installation.run / "children.json"


def stop_orphans(installation: Installation) -> None:
    """Children of a supervisor that was killed. The kernel has told them to go; this waits until they have."""
    try:
        record = json.loads(children_file(installation).read_text())
    except (FileNotFoundError, ValueError):
        return
    for pid, born in record:
        if born is not None and started_at(pid) == born:
            stop_stranger(pid, with_signal=signal.SIGTERM, grace_seconds=5)


def is_only_supervisor(installation: Installation) -> bool:
    """Holds for the life of this process and of the program it execs."""
    lock = open_lock(installation.run / "up")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return False
    os.set_inheritable(lock, True)
    return True


def main() -> int:
    plan = json.loads(sys.argv[1])
    with attach() as servers:
        sizes = {name: plan[name] for name in ("reasoning", "workers", "beats")}
        chosen = programs(plan["host"], plan["port"], **sizes)
        supervisor = Supervisor(servers, [Child(program) for program in chosen])
        return supervisor.run(address=plan["address"], greeting=plan["greeting"])


if __name__ == "__main__":
    sys.exit(main())
