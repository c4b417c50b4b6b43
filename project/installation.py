"""One data directory: where its things lie, its secrets, what it remembers. Standard library only."""

import base64
import hashlib
import json
import os
import pwd
import secrets
import shutil
import tempfile
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
SERVERS_ACCOUNT = "baton-servers"
"""PostgreSQL refuses to run as root; both servers then run as this system account."""

LONGEST_SOCKET_PATH = 100  # the kernel allows 107 bytes


class Server(StrEnum):
    POSTGRES = "postgres"
    REDIS = "redis"


def chosen_data() -> Path:
    return Path(os.environ.get("BATON_DATA") or CHECKOUT / ".data").expanduser().resolve()


def open_lock(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@dataclass(frozen=True, slots=True)
class Installation:
    data: Path

    @property
    def run(self) -> Path:
        return self.data / "run"

    @property
    def sockets(self) -> Path:
        """Beside the data, or in /tmp when that path is too long for a unix socket."""
        beside = self.data / "sockets"
        if len(bytes(beside / ".s.PGSQL.5432.lock")) < LONGEST_SOCKET_PATH:
            return beside
        name = hashlib.sha256(bytes(self.data)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"baton-{os.geteuid()}-{name}"

    @property
    def redis_socket(self) -> Path:
        return self.sockets / "redis.sock"

    @property
    def postgres_socket(self) -> Path:
        return self.sockets / ".s.PGSQL.5432"

    def users_lock(self, server: Server) -> Path:
        return self.run / f"{server}.users"

    def keeper_lock(self, server: Server) -> Path:
        return self.run / f"{server}.keeper"

    def log(self, name: str) -> Path:
        return self.data / "logs" / f"{name}.log"

    def url(self, server: Server) -> str:
        if server is Server.REDIS:
            return f"unix://{self.redis_socket}"
        return f"postgresql://postgres@/baton?host={self.sockets}"

    def create(self) -> None:
        for folder in (self.data, self.run, self.data / "logs"):
            folder.mkdir(parents=True, exist_ok=True)

    def own(self, folder: Path, *, mode: int) -> None:
        """Make a folder that the account of the servers may write."""
        folder.mkdir(mode=mode, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid not in _trusted_owners():
            raise PermissionError(f"{folder} belongs to somebody else")
        folder.chmod(mode)
        if os.geteuid() == 0:
            shutil.chown(folder, SERVERS_ACCOUNT, SERVERS_ACCOUNT)

    # What it remembers between starts

    def recall(self) -> dict[str, Any]:
        return _read_json(self.data / "installation.json")

    def remember(self, **facts: Any) -> None:
        _write_json(self.data / "installation.json", {**self.recall(), **facts})

    def secrets(self) -> dict[str, str]:
        """Made once. Whoever loses secrets.json loses the sealed provider secrets in the database."""
        path = self.data / "secrets.json"
        kept = _read_json(path)
        if not kept:
            field_key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
            kept = {"SECRET_KEY": secrets.token_urlsafe(50), "FIELD_ENCRYPTION_KEY": field_key}
            _write_json(path, kept)
        return kept


def _trusted_owners() -> set[int]:
    if os.geteuid() != 0:
        return {os.geteuid()}
    return {0, pwd.getpwnam(SERVERS_ACCOUNT).pw_uid}


def _read_json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return dict(found)


def _write_json(path: Path, content: dict[str, Any]) -> None:
    """Written aside with 0600 and renamed: never half a file, never readable by others."""
    aside = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
