"""The embedded servers under every kind of death. Each test has an installation of its own."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
import redis

from project.embedded import Servers, ServersUnavailable, answers
from project.installation import CHECKOUT, Installation, Server

BOTH = [Server.POSTGRES, Server.REDIS]

pytestmark = pytest.mark.slow


@pytest.fixture
def installation(tmp_path: Path) -> Installation:
    place = Installation(tmp_path / "data")
    place.create()
    return place


def hold(installation: Installation) -> Servers:
    servers = Servers(installation, BOTH)
    servers.hold()
    return servers


def postgres_pid(installation: Installation) -> int:
    return int((installation.data / "postgres" / "postmaster.pid").read_text().split()[0])


def redis_client(installation: Installation) -> redis.Redis:
    return redis.Redis.from_url(installation.url(Server.REDIS), decode_responses=True)


def write_row(installation: Installation, note: str) -> None:
    with psycopg.connect(installation.url(Server.POSTGRES)) as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS note (text text)")
        connection.execute("INSERT INTO note VALUES (%s)", [note])


def read_rows(installation: Installation) -> list[str]:
    with psycopg.connect(installation.url(Server.POSTGRES)) as connection:
        return [row[0] for row in connection.execute("SELECT text FROM note ORDER BY text")]


def eventually(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def all_quiet(installation: Installation) -> bool:
    return not any(answers(server, installation) for server in BOTH)


def test_data_survives_a_stop_and_a_start(installation):
    first = hold(installation)
    write_row(installation, "kept")
    redis_client(installation).set("kept", "yes")
    first.let_go()
    assert all_quiet(installation)

    second = hold(installation)
    assert read_rows(installation) == ["kept"]
    assert redis_client(installation).get("kept") == "yes"
    second.let_go()


def test_a_server_killed_with_9_comes_back_with_its_data(installation):
    servers = hold(installation)
    write_row(installation, "kept")
    killed = postgres_pid(installation)
    os.kill(killed, signal.SIGKILL)
    redis_process = redis_client(installation).info("server")["process_id"]
    os.kill(redis_process, signal.SIGKILL)

    eventually(lambda: all(answers(server, installation) for server in BOTH) and postgres_pid(installation) != killed)
    assert read_rows(installation) == ["kept"]
    servers.let_go()


def test_a_killed_keeper_takes_its_server_along_and_a_new_one_starts(installation):
    servers = hold(installation)
    write_row(installation, "kept")
    killed = postgres_pid(installation)
    for server in BOTH:
        os.kill(int(installation.keeper_lock(server).read_text()), signal.SIGKILL)
    eventually(lambda: all_quiet(installation))

    eventually(lambda: servers.revive() or all(answers(server, installation) for server in BOTH))
    assert postgres_pid(installation) != killed
    assert read_rows(installation) == ["kept"]
    servers.let_go()
    assert all_quiet(installation)


def test_a_pid_file_left_by_a_crash_that_names_a_stranger_does_not_stop_the_start(installation):
    hold(installation).let_go()
    pid_file = installation.data / "postgres" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n/elsewhere\n0\n5432\n\n\n\nready\n")

    servers = hold(installation)
    write_row(installation, "works")
    servers.let_go()


def test_the_servers_stay_while_another_process_uses_them(installation):
    first = hold(installation)
    code = f"""
from pathlib import Path
from project.embedded import attach
with attach(Path({str(installation.data)!r})):
    print("attached", flush=True)
    input()
"""
    environment = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    other = subprocess.Popen(
        [sys.executable, "-c", code], cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert other.stdout.readline() == b"attached\n"

    first.let_go()
    assert all(answers(server, installation) for server in BOTH)

    other.kill()  # it cannot say goodbye; the kernel does
    other.communicate()
    eventually(lambda: all_quiet(installation))


def test_many_who_ask_at_once_get_the_same_servers(installation):
    with ThreadPoolExecutor(6) as threads:
        crowd = list(threads.map(lambda _: hold(installation), range(6)))
    write_row(installation, "one database")
    assert read_rows(installation) == ["one database"]
    for servers in crowd:
        servers.let_go()
    assert all_quiet(installation)


def test_a_path_too_long_for_a_socket_still_serves(tmp_path):
    installation = Installation(tmp_path / ("long" * 30))
    installation.create()
    servers = hold(installation)
    write_row(installation, "works")
    servers.let_go()


def test_the_secrets_are_made_once_and_are_readable_by_the_owner_alone(installation):
    made = installation.secrets()
    assert installation.secrets() == made
    assert (installation.data / "secrets.json").stat().st_mode & 0o077 == 0


def test_data_that_cannot_start_says_why(installation):
    hold(installation).let_go()
    (installation.data / "postgres" / "PG_VERSION").write_text("9\n")
    servers = Servers(installation, [Server.POSTGRES])
    with pytest.raises(ServersUnavailable, match="incompatible with server"):
        servers.hold()
    servers.let_go()
