"""Prepares the database, then becomes the supervisor (project/supervisor.py). bin/up is its door."""

import argparse
import json
import os
import socket
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command, get_commands, load_command_class
from django.core.management.base import BaseCommand, CommandError

from project.embedded import attachment
from project.installation import Installation
from project.schedule import sync_schedule
from project.supervisor import is_only_supervisor

SUPERVISOR = "project.supervisor"
MOST = 64
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Command(BaseCommand):
    help = "Serve everything on this machine: web, worker, beat and the embedded servers."

    requires_system_checks = []  # they load every screen, which costs a second of each start; bin/test runs them

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--port", type=_port, default=8000)
        parser.add_argument("--host", default="127.0.0.1")
        parser.add_argument("--workers", type=_count, default=1, help="more of them use more processor cores")
        parser.add_argument("--beats", type=_count, default=1, help="a second one ticks on when the first dies")
        parser.add_argument("--no-demo", action="store_true", help="do not load the demo workspace on the first start")

    def handle(self, *args: Any, port: int, host: str, workers: int, beats: int, no_demo: bool, **options: Any) -> None:
        servers = attachment()
        installation = servers.installation
        installation.create()
        if not is_only_supervisor(installation):
            address = installation.recall().get("public_base_url", "an unknown address")
            raise CommandError(f"already running with {installation.data}, at {address}", returncode=1)
        check_address(host, port)
        self._prepare(installation, demo=not no_demo)
        os.environ["INTERNAL_URL"] = internal_url = address_within(host, port)  # not the remembered one of another port
        installation.remember(public_base_url=settings.PUBLIC_BASE_URL, internal_url=internal_url)
        if host not in LOOPBACK:
            os.environ.setdefault("ALLOWED_HOSTS", "*")
        servers.hand_over()
        become_supervisor(host, port, workers=workers, beats=beats, greeting=greet(installation))

    def _prepare(self, installation: Installation, *, demo: bool) -> None:
        self.stderr.write("baton: preparing the database")
        call_command("migrate", interactive=False, verbosity=0)
        sync_schedule()
        if demo and not installation.recall().get("demo_loaded"):
            self._load_demo(installation)

    def _load_demo(self, installation: Installation) -> None:
        if "load_demo" not in get_commands():
            self.stderr.write("baton: no demo workspace in this version")
            return
        self.stderr.write("baton: loading the demo workspace")
        call_command("load_demo", stdout=sys.stderr)
        installation.remember(demo_loaded=True)


def _port(given: str) -> int:
    if not given.isdecimal() or not 0 < int(given) < 65536:
        raise argparse.ArgumentTypeError(f"{given!r} is not a port (1 to 65535)")
    return int(given)


def _count(given: str) -> int:
    if not given.isdecimal() or not 0 < int(given) <= MOST:
        raise argparse.ArgumentTypeError(f"{given!r} is not a number from 1 to {MOST}")
    return int(given)


def check_address(host: str, port: int) -> None:
    """Say it here, in one line, rather than let the web process die again and again."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise CommandError(f"cannot listen on {host} port {port}: {error.strerror or error}", returncode=2) from error


def demo_login() -> str | None:
    """What `load_demo` says about itself, as its attribute `login`."""
    app = get_commands().get("load_demo")
    return getattr(load_command_class(app, "load_demo"), "login", None) if isinstance(app, str) else None


def greet(installation: Installation) -> str:
    lines = ["", f"  Baton is ready   {settings.PUBLIC_BASE_URL}"]
    if installation.recall().get("demo_loaded"):
        lines += [f"  See it work      {settings.PUBLIC_BASE_URL}/demo/"]
        lines += [f"  Demo login       {login}"] if (login := demo_login()) else []
    model = settings.OPENAI_MODEL_NAME if is_model_configured() else "none, rules answer (set OPENAI_API_KEY for one)"
    lines += [f"  Model            {model}", f"  Data             {installation.data}", "  Stop             Ctrl-C", ""]
    return "\n".join(lines)


def is_model_configured() -> bool:
    return bool(settings.OPENAI_API_KEY or settings.OPENAI_BASE_URL)


def address_within(host: str, port: int) -> str:
    """Where the web process is reached from this machine."""
    reached_at = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "::1": "[::1]"}.get(host, host)  # noqa: S104
    return f"http://{reached_at}:{port}"


def become_supervisor(host: str, port: int, *, workers: int, beats: int, greeting: str) -> None:
    plan = {
        "host": host,
        "port": port,
        "address": address_within(host, port),
        "greeting": greeting,
        "reasoning": is_model_configured(),
        "workers": workers,
        "beats": beats,
    }
    os.execv(sys.executable, [sys.executable, "-m", SUPERVISOR, json.dumps(plan)])  # noqa: S606
