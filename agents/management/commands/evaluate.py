import sys
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from agents.evaluation.recordings import read_suite
from agents.evaluation.running import Report, run_suite, write_last
from project.kernel.commands import OperatorCommand

OURS = Path(__file__).parents[2] / "evaluation" / "suite"
LAST = "last-run.json"


class Command(OperatorCommand):
    help = (
        "Play recorded conversations through the whole agent, in a transaction that is rolled back, and compare "
        "what it decides with what is expected and with the last run. Exit code 1 when an expectation does not hold."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--suite", type=Path, default=OURS, metavar="DIR", help="A folder of *.yaml recordings.")
        parser.add_argument(
            "--model",
            choices=["scripted", "real", "none"],
            help="Only the recordings made with it, or all of them with the real one. Default: each as recorded.",
        )
        parser.add_argument("--last", type=Path, metavar="FILE", help=f"The last run's decisions. Default: DIR/{LAST}")
        parser.add_argument("--keep", action="store_true", help="Leave the last run's file as it is.")

    def answer(self, **options: Any) -> Any:
        last = options["last"] or options["suite"] / LAST
        report = run_suite(read_suite(options["suite"]), model=options["model"], last=last)
        if not options["keep"]:
            write_last(last, report.played)
        self.report = report
        return report.as_json()

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if self.report.flaws:
            sys.exit(1)

    def tell(self, answer: dict[str, Any]) -> str:
        return "\n".join(_told(self.report, answer))


def _told(report: Report, answer: dict[str, Any]) -> list[str]:
    lines = [f"changed  {change}" for change in report.changes]
    lines += [f"FAILED   {flaw}" for flaw in report.flaws]
    well = answer["conversations"] - len(answer["failed"])
    lines.append(f"{well} of {answer['conversations']} conversations went as expected, {answer['turns']} turns.")
    return lines
