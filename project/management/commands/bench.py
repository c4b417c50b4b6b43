"""`manage.py bench NAME`: runs bench/NAME.py against a system of its own."""

import argparse
import json
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from django.core.management.base import BaseCommand

import bench


def benchmarks() -> list[str]:
    names = (module.name for module in iter_modules(bench.__path__))
    return sorted(name for name in names if hasattr(import_module(f"bench.{name}"), "measure"))


class Command(BaseCommand):
    help = "Measure speed on a system of its own, which is started and removed again."

    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("name", choices=benchmarks())
        parser.add_argument("--seconds", type=float, help="how long to measure")
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, name: str, seconds: float | None, **options: Any) -> None:
        chosen = {} if seconds is None else {"seconds": seconds}
        numbers = import_module(f"bench.{name}").measure(**chosen)
        if options["json"]:
            self.stdout.write(json.dumps(numbers))
            return
        for label, value in numbers.items():
            self.stdout.write(f"{label:<40} {json.dumps(value)}")
