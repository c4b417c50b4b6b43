from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from crm.services.suppression_lists import Read, read_list
from crm.services.suppressions import import_suppressions
from project.kernel import clock
from project.kernel.errors import WrongValues


class Command(WorkspaceCommand):
    help = "Take in a list of people who must get no marketing: CSV with phone, email, reason, or one value a line."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", required=True, metavar="PATH")
        parser.add_argument("--source", required=True, help="What the list is called, for whoever asks later.")
        parser.add_argument("--preview", action="store_true", help="Only say what would be taken in.")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        read = read_list(_content(options["file"]))
        changed: dict[str, Any] = {"added": None, "known": None, "leads": None}
        if not options["preview"]:
            taken = import_suppressions(
                workspace=workspace, entries=read.entries, source=options["source"], user=None, now=clock.now()
            )
            changed = asdict(taken)
        return {**_told(read), **changed}

    def tell(self, answer: dict[str, Any]) -> str:
        wrong = [f"line {each['line']}: {each['why']}" for each in answer.pop("problems")]
        return "\n".join([super().tell(answer), *wrong])


def _content(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise WrongValues({"file": f"“{path}” cannot be read: {error.strerror}"}) from error


def _told(read: Read) -> dict[str, Any]:
    problems = [asdict(problem) for problem in read.problems]
    return {"read": len(read.entries), "wrong": read.wrong, "problems": problems}
