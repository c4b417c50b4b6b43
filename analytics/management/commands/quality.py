from dataclasses import asdict
from typing import Any

from django.core.management.base import CommandParser

from analytics.quality.report import read_report
from crm.commands import WorkspaceCommand
from crm.models import Workspace
from project.kernel import clock
from project.kernel.errors import WrongValues


class Command(WorkspaceCommand):
    help = "Tell how the agent does: by intent, by handover, and by the checks of each turn."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--days", type=int, default=30)

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        if not 0 < options["days"] <= 366:
            raise WrongValues({"--days": f"{options['days']} is not between 1 and 366"})
        report = read_report(workspace=workspace, days=options["days"], now=clock.now())
        return {**asdict(report), "share_alone": report.share_alone, "precision": report.precision}

    def tell(self, answer: dict[str, Any]) -> str:
        lines = [f"{name}: {value}" for name, value in answer.items() if not isinstance(value, list | tuple)]
        lines += [f"  {line['intent']}: {line['turns']} turns, {line['flawed']} flawed" for line in answer["intents"]]
        return "\n".join(lines)
