"""The shape of every operator's command: one answer, told as text or as one JSON document.

Wrong values are named on standard error, each with its reason, and the command ends with exit code 2.
"""

import json
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from django.core.management.base import BaseCommand, CommandError, CommandParser

from .errors import WrongValues, problems_of

WRONG_VALUES = 2


class OperatorCommand(BaseCommand):
    """A command defines `answer(**options)`, which returns what `--json` prints, and `tell(answer)`, its text."""

    # They would load every screen before a command that needs none of them.
    requires_system_checks: list[str] = []

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--json", action="store_true", help="Print one JSON document and nothing else.")
        return parser

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            refuse_unstorable_text(options)
            answer = self.answer(**options)
        except Exception as error:
            problems = problems_of(error)
            if problems is None:
                raise
            raise CommandError(named(problems), returncode=WRONG_VALUES) from error
        self.stdout.write(json.dumps(answer, default=str) if options["json"] else self.tell(answer))

    def answer(self, **options: Any) -> Any:
        raise NotImplementedError

    def tell(self, answer: Any) -> str:
        return "\n".join(f"{name}: {value}" for name, value in answer.items())


def named(problems: dict[str, str]) -> str:
    return "\n".join(why if name == NON_FIELD_ERRORS else f"{name}: {why}" for name, why in problems.items())


def refuse_unstorable_text(options: dict[str, Any]) -> None:
    """A NUL byte or a broken UTF-8 argument would otherwise fail deep in the database driver."""
    if wrong := {name: "is not valid UTF-8 text" for name, text in _texts(options) if not is_storable(text)}:
        raise WrongValues(wrong)


def is_storable(text: str) -> bool:
    """Whether PostgreSQL can hold the text: no NUL, no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


def _texts(options: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in options.items():
        for text in value if isinstance(value, list | tuple) else [value]:
            if isinstance(text, str):
                yield name, text


def parse_assignments(assignments: list[str]) -> dict[str, str]:
    """`["sender=whatsapp:+1…", …]` as a dict; raises WrongValues for one without `=` or given twice."""
    values: dict[str, str] = {}
    for assignment in assignments:
        name, separator, value = assignment.partition("=")
        if not separator or not name:
            raise WrongValues({"--set": f"“{name}” is not of the form name=value"})
        if name in values:
            raise WrongValues({name: "is given twice"})
        values[name] = value
    return values
