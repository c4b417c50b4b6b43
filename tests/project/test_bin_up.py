"""bin/up as an operator meets it: it serves, repairs itself, works beside bin/manage, and leaves nothing behind."""

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from project.installation import CHECKOUT
from project.processes import command_line

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


class Running:
    """One `bin/up`, its output collected as it comes."""

    def __init__(self, data: Path, *arguments: str, checkout: Path = CHECKOUT) -> None:
        self.data = data
        self.port = free_port()
        self.lines: list[str] = []
        command = [checkout / "bin" / "up", "--port", str(self.port), "--data", str(data), *arguments]
        self.process = subprocess.Popen(
            command,
            cwd="/",
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        threading.Thread(target=self._collect, daemon=True).start()

    def _collect(self) -> None:
        for line in self.process.stdout:
            self.lines.append(line.rstrip())

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def children(self) -> dict[str, int]:
        """The program's name and process id of each child that lives now."""
        lines = {pid: command_line(pid) for pid in self.child_ids()}
        words = {"web": "uvicorn", "worker": " worker ", "beat": " beat "}
        return {name: pid for name, word in words.items() for pid, line in lines.items() if word in line}

    def child_ids(self) -> list[int]:
        listing = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listing.split()]

    def is_healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=1) as answer:
                return answer.status == 200
        except OSError:
            return False

    def wait_until_served(self, seconds: float) -> None:
        eventually(lambda: "Baton is ready" in self.output, self, seconds)

    def interrupt(self) -> int:
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def clean_environment(**more: str) -> dict[str, str]:
    """As in a fresh shell: nothing of this test run's own servers."""
    ours = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEY", "PUBLIC_BASE_URL", "LOG_FORMAT")
    ours += ("BATON_DATA", "DJANGO_SETTINGS_MODULE", "OPENAI_API_KEY", "OPENAI_BASE_URL")
    return {name: value for name, value in os.environ.items() if name not in ours} | more


def eventually(condition, running: Running, seconds: float = 40) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, running.output
        time.sleep(0.1)


def processes_of(data: Path) -> list[str]:
    lines = (command_line(int(entry.name)) for entry in Path("/proc").iterdir() if entry.name.isdecimal())
    return [line for line in lines if str(data) in line]


def manage(data: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [CHECKOUT / "bin" / "manage", *arguments],
        env=clean_environment(BATON_DATA=str(data)),
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@contextlib.contextmanager
def served(data: Path, *, checkout: Path = CHECKOUT, seconds: float = 120) -> Iterator[Running]:
    started = Running(data, "--no-demo", checkout=checkout)
    try:
        started.wait_until_served(seconds)
        yield started
    finally:
        if started.process.poll() is None:
            started.process.kill()
            started.process.wait()


@pytest.fixture(scope="module")
def running(tmp_path_factory) -> Iterator[Running]:
    """One installation for the tests that leave it running."""
    with served(tmp_path_factory.mktemp("up") / "data") as started:
        yield started


def test_it_says_where_it_is_and_where_its_data_lies(running):
    assert running.is_healthy()
    assert f"http://localhost:{running.port}" in running.output
    assert str(running.data) in running.output
    assert set(running.children()) == {"web", "worker", "beat"}


def test_what_dies_is_started_again(running):
    first = running.children()
    for name in ("worker", "web", "beat"):
        os.kill(first[name], signal.SIGKILL)
    eventually(lambda: not first.items() & running.children().items() and len(running.children()) == 3, running)
    eventually(running.is_healthy, running)


def test_bin_manage_meets_the_running_installation(running):
    code = "from django.conf import settings; print(settings.PUBLIC_BASE_URL)"
    shown = manage(running.data, "shell", "-v0", "-c", code)
    assert shown.stdout == f"http://localhost:{running.port}\n", shown.stderr
    assert running.is_healthy()


def test_a_second_bin_up_on_the_same_data_says_so(running):
    second = Running(running.data)
    assert second.process.wait(60) == 1
    eventually(lambda: "already running" in second.output, second)
    assert running.is_healthy()


def test_killed_with_9_it_leaves_no_child_starts_again_and_stops_clean(data):
    with served(data) as first:
        orphans = first.children().values()
        first.process.kill()
        first.process.wait()
        eventually(lambda: not any(command_line(pid) for pid in orphans), first)

    with served(data) as second:
        children = second.children().values()
        assert second.interrupt() == 0
    assert processes_of(data) == []
    assert not any(command_line(pid) for pid in children)


def test_bin_manage_alone_starts_the_servers_and_stops_them(data):
    shown = manage(data, "showmigrations", "sessions")
    assert shown.returncode == 0, shown.stderr
    assert "0001_initial" in shown.stdout
    assert processes_of(data) == []


def test_a_taken_port_is_named(data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        shown = manage(data, "up", "--port", str(port))
    assert shown.returncode == 2
    assert f"cannot listen on 127.0.0.1 port {port}" in shown.stderr


def test_several_workers_and_beats_run_beside_each_other(data):
    running = Running(data, "--no-demo", "--workers", "3", "--beats", "2")
    try:
        running.wait_until_served(120)
        lines = [command_line(pid) for pid in running.child_ids()]
        nodes = [word for line in lines for word in line.split() if word.endswith("@%h")]
        assert sorted(nodes) == ["worker1@%h", "worker2@%h", "worker3@%h"]
        assert sum(" beat " in line for line in lines) == 2
    finally:
        assert running.interrupt() == 0


@pytest.mark.parametrize("count", ["0", "-1", "many", "65"])
def test_what_is_no_number_of_workers_is_refused_with_its_value(data, count):
    shown = manage(data, "up", f"--workers={count}")
    assert shown.returncode == 2
    assert f"{count!r} is not a number from 1 to 64" in shown.stderr


@pytest.mark.parametrize("port", ["http", "0", "70000"])
def test_what_is_no_port_is_refused_with_its_value(data, port):
    shown = manage(data, "up", "--port", port)
    assert shown.returncode == 2
    assert f"'{port}' is not a port" in shown.stderr


def test_a_wrong_setting_is_named_with_its_value(data):
    shown = subprocess.run(
        [CHECKOUT / "bin" / "manage", "check"],
        env=clean_environment(BATON_DATA=str(data), DATABASE_POOL_SIZE="many"),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert shown.returncode == 2
    assert "DATABASE_POOL_SIZE='many'" in shown.stderr
