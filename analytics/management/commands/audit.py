from datetime import UTC, datetime
from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.utils.dateparse import parse_date, parse_datetime

from analytics.audit.report import as_answer
from analytics.services.audits import run_audit
from crm.commands import workspace_named
from project.kernel import clock
from project.kernel.commands import OperatorCommand
from project.kernel.errors import WrongValues

VIOLATIONS_FOUND = 1


class Command(OperatorCommand):
    help = (
        "Check the history in the database against what Baton promises: one voice, nothing lost, nothing twice, no "
        "handover abandoned. Ends with exit code 1 when a promise was broken."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--workspace", metavar="SLUG", help="Judge one workspace; else the whole installation.")
        parser.add_argument(
            "--since", metavar="WHEN", help="Judge only what happened since: 2026-11-20 or 2026-11-20T09:00Z (UTC)."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        self.violations = 0
        super().handle(*args, **options)
        if self.violations:
            raise CommandError(f"{self.violations} violations", returncode=VIOLATIONS_FOUND)

    def answer(self, **options: Any) -> dict[str, Any]:
        workspace = workspace_named(options["workspace"]) if options["workspace"] else None
        run = run_audit(workspace=workspace, since=parse_instant(options["since"]), now=clock.now())
        self.violations = run.violations
        return as_answer(run)

    def tell(self, answer: dict[str, Any]) -> str:
        lines = [line for check in answer["checks"] for line in _told(check)]
        verdict = "clean" if answer["clean"] else f"{answer['violations']} violations"
        abandoned = f"abandoned handovers: {answer['abandoned_handovers']}"
        return "\n".join([*lines, f"{verdict}; {abandoned}; {answer['seconds']:.1f} seconds"])


def parse_instant(text: str | None) -> datetime | None:
    """A date or an instant; without a zone it is UTC. Raises WrongValues."""
    if not text:
        return None
    try:
        day = parse_date(text)
        instant = parse_datetime(text) if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001
    except ValueError:
        instant = None
    if instant is None:
        raise WrongValues({"since": f"“{text}” is neither a date nor an instant, such as 2026-11-20T09:00Z"})
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _told(check: dict[str, Any]) -> list[str]:
    mark = "ok" if not check["count"] else check["level"]
    line = f"{mark:<9} {check['count']:>6}  {check['promise']}"
    return [line, *(_example(found) for found in check["examples"][:5])]


def _example(found: dict[str, Any]) -> str:
    where = f"{found['workspace'] or '-'} #{found['conversation_id'] or '-'}"
    return f"{'':<18}{(found['at'] or '')[:19]}  {where}  {found['subject']}: {found['detail']}"
