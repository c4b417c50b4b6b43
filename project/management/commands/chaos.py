"""`manage.py chaos`: faults against a system of its own, judged from outside (tests/chaos)."""

import argparse
import json
import secrets
import sys
from importlib import import_module
from typing import Any

from django.core.management.base import BaseCommand, CommandError

FAILED = 1


class Command(BaseCommand):
    help = "Start a system of its own, do it harm, and see whether anything was lost, repeated or said by two at once."

    requires_system_checks = []

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--rows", type=_numbers, default=[], help="such as 1,2,5; all of them when not given")
        parser.add_argument("--faults", type=int, default=0, help="about how many, shared out; each row has a least")
        parser.add_argument("--seed", type=int, help="repeats the choices of an earlier run")
        parser.add_argument("--planted", action="append", default=[], metavar="BUG", help="to see a row find it")
        parser.add_argument("--prove", action="store_true", help="plant each row's bug in turn; every row must find it")
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            bugs, cli = import_module("tests.chaos.bugs"), import_module("tests.chaos.cli")
        except ModuleNotFoundError as error:
            raise CommandError(f"chaos runs from a checkout with its tests: {error}", returncode=2) from error
        for name in options["planted"]:
            if name not in bugs.known():
                raise CommandError(f"no bug {name!r}; there are: {', '.join(sorted(bugs.known()))}", returncode=2)
        seed = options["seed"] if options["seed"] is not None else secrets.randbelow(2**31)
        self.stderr.write(f"seed {seed}")
        report = cli.run(
            numbers=options["rows"], faults=options["faults"], seed=seed, planted=options["planted"],
            prove=options["prove"], write=self._quiet if options["json"] else self.stdout.write,
        )  # fmt: skip
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json()))
        if not report.has_passed:
            sys.exit(FAILED)

    def _quiet(self, line: str) -> None:
        pass


def _numbers(given: str) -> list[int]:
    try:
        return [int(number) for number in given.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{given!r} is not a list of row numbers such as 1,2,5") from None
