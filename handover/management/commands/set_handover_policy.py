from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from handover.services.policies import WrongMinutes, set_minutes
from project.kernel import clock
from project.kernel.errors import WrongValues


class Command(WorkspaceCommand):
    help = "Set after how many minutes each step of the handover ladder falls due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--minutes",
            required=True,
            help="Alert again, update, booking link, AI resumes: four ascending numbers, such as 15,30,45,60; "
            "fractions are allowed.",
        )

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        minutes = parse_minutes(options["minutes"])
        try:
            set_minutes(workspace=workspace, minutes=minutes, now=clock.now())
        except WrongMinutes as error:
            raise WrongValues({"minutes": str(error)}) from error
        return {"workspace": workspace.slug, "minutes": minutes}


def parse_minutes(text: str) -> list[float]:
    minutes = []
    for part in text.split(","):
        try:
            minutes.append(float(part))
        except ValueError:
            raise WrongValues({"minutes": f"“{part}” is not a number"}) from None
    return minutes
