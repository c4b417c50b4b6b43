"""PostgreSQL and Redis of their own, with our schema: what a benchmark stands on. Removed after."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import redis

from project.embedded import Servers
from project.installation import CHECKOUT, Installation, Server

OURS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEY", "PUBLIC_BASE_URL", "DJANGO_SETTINGS_MODULE")


class NotReady(Exception):
    """Something that the benchmark needs did not start."""


@dataclass(frozen=True, slots=True)
class Ground:
    installation: Installation
    environment: Mapping[str, str]

    def manage(self, *words: str) -> Any:
        """Run one of our commands here; its JSON."""
        return json.loads(self.run("manage.py", *words, "--json"))

    def run(self, *words: str) -> bytes:
        """Run a Python program here; what it printed."""
        process = self.start(*words)
        printed, complaints = process.communicate()
        if process.returncode:
            raise NotReady(f"{' '.join(words[:2])}: {complaints.decode(errors='replace')[-2000:]}")
        return printed

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        pipe = subprocess.PIPE
        return subprocess.Popen(
            [sys.executable, *words], cwd=CHECKOUT, env=self.environment, stdin=pipe, stdout=pipe, stderr=pipe
        )

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.installation.url(Server.POSTGRES), autocommit=True)

    def number(self, query: str) -> int:
        with self.connect() as connection:
            row = connection.execute(query).fetchone()  # type: ignore[arg-type]
            return int(row[0]) if row else 0

    def versions(self) -> dict[str, str]:
        with self.connect() as connection, redis.Redis.from_url(self.installation.url(Server.REDIS)) as client:
            [postgres] = connection.execute("SHOW server_version").fetchone() or [""]
            return {"postgresql": str(postgres), "redis": str(client.info("server")["redis_version"])}


def new_folder() -> Path:
    data = Path(tempfile.mkdtemp(prefix="baton-bench-"))
    data.chmod(0o755)  # the servers' own account passes through it
    return data


def remove(data: Path) -> None:
    """The keepers stop their servers a moment after the last user has gone."""
    for _ in range(50):
        shutil.rmtree(data, ignore_errors=True)
        if not data.exists():
            return
        time.sleep(0.2)


def own_environment(data: Path, **changes: str) -> dict[str, str]:
    """Ours without what would lead to another installation's servers, or to a real model."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if name not in OURS and not name.startswith(("BATON_", "OPENAI_"))
    }
    return inherited | {"BATON_DATA": str(data), "LOG_LEVEL": "WARNING"} | changes


@contextmanager
def running_servers() -> Iterator[Ground]:
    """The servers and the schema, and none of our processes."""
    data = new_folder()
    servers = Servers(Installation(data), list(Server))
    try:
        servers.installation.create()
        servers.hold()
        ground = Ground(servers.installation, own_environment(data))
        ground.run("manage.py", "migrate", "-v", "0")
        yield ground
    finally:
        servers.let_go()
        remove(data)
