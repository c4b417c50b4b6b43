"""A running system of its own: a free port, a data directory that is removed after, doubles beside it."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.ground import Ground, NotReady, new_folder, own_environment, remove
from project.installation import CHECKOUT, Installation
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN

READY_SECONDS = 120.0
SENDER = "whatsapp:+14155238886"


@dataclass(frozen=True, slots=True)
class System(Ground):
    """Our processes on ground of their own."""

    url: str
    process: subprocess.Popen[bytes]

    def processes(self) -> dict[str, list[psutil.Process]]:
        """The processes of this system by the program they belong to; PostgreSQL and Redis live beside it."""
        found: dict[str, list[psutil.Process]] = {}
        mine = str(self.installation.data)
        children = {child.pid for child in psutil.Process(self.process.pid).children(recursive=True)}
        for process in psutil.process_iter():
            name = _program_of(process, is_child=process.pid in children, data=mine)
            if name:
                found.setdefault(name, []).append(process)
        found.setdefault("supervisor", []).append(psutil.Process(self.process.pid))
        return found

    def connect_twilio(self, api_base: str, *, debounce_seconds: float = 0) -> str:
        """A workspace with a WhatsApp channel at the Twilio double; the address of its inbound door."""
        self.manage(
            "create_workspace", "--slug", "bench", "--name", "Bench", "--timezone", "UTC",
            "--owner-email", "ana@bench.test", "--owner-password", "a long bench password",
        )  # fmt: skip
        settings = {
            "account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": SENDER, "api_base": api_base,
            "public_base_url": self.url,
        }  # fmt: skip
        words = [word for name, value in settings.items() for word in ("--set", f"{name}={value}")]
        channel = self.manage("create_channel", "whatsapp_twilio", "--workspace", "bench", "--name", "Sales", *words)
        with self.connect() as connection:
            connection.execute("UPDATE crm_workspace SET debounce_seconds = %s", [debounce_seconds])
        return str(channel["inbound_url"])


def _program_of(process: psutil.Process, *, is_child: bool, data: str) -> str:
    try:
        words = process.cmdline()
        parent = process.parent()
        parent_words = parent.cmdline() if parent else []
    except psutil.Error:
        return ""
    line = " ".join(words)
    if f"{data}/postgres" in line or f"{data}/postgres" in " ".join(parent_words):
        return "postgres"
    if "redis-server" in line and data in line:
        return "redis"
    if "project.keeper" in words and data in line:
        return "keepers"
    return program_named(words) if is_child else ""


def program_named(words: Sequence[str]) -> str:
    """Which of the supervisor's programs a command line starts."""
    if "uvicorn" in words:
        return "web"
    named = {"beat": "beat", "reasoning@": "reasoning", "worker": "worker"}
    return next((name for word, name in named.items() if any(given.startswith(word) for given in words)), "other")


def cpu_seconds(processes: Iterable[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def running_system(*, web_only: bool = False, options: Sequence[str] = (), **environment: str) -> Iterator[System]:
    """`options` are further words for `manage.py up`. The canary is off unless it is asked for."""
    data = new_folder()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    inherited = own_environment(data, **{"PUBLIC_BASE_URL": url, "CANARY_SECONDS": "0"} | environment)
    up = ["manage.py", "up", "--no-demo", "--port", str(port), *options]
    words = ["-m", "bench.web", str(port)] if web_only else up
    log = (data / "bench.log").open("wb")
    process = subprocess.Popen([sys.executable, *words], cwd=CHECKOUT, env=inherited, stdout=log, stderr=log)
    try:
        _wait_until_healthy(url, process, data / "bench.log")
        yield System(Installation(data), inherited, url, process)
    finally:
        stop(process)
        log.close()
        remove(data)


@contextmanager
def running_with_model() -> Iterator[System]:
    """A system whose model answers at once."""
    with running_double("model") as model:
        environment = {"OPENAI_BASE_URL": f"{model}/v1", "OPENAI_API_KEY": "bench"}
        with running_system(**environment) as system:  # type: ignore[arg-type]
            yield system


@contextmanager
def running_double(name: str, *words: str) -> Iterator[str]:
    """A double of an outer service in a process of its own; its address."""
    port = free_port()
    command = [sys.executable, "-m", f"tests.doubles.{name}", "--port", str(port), *words]
    process = subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_until_listening(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while not _answers(f"{url}/healthz"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise NotReady(f"no system at {url}:\n{log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.2)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _wait_until_listening(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise NotReady(f"no double at port {port}")
