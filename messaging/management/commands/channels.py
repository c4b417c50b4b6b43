from typing import Any

from django.core.management.base import CommandError, CommandParser

from crm.commands import workspace_named
from messaging.models import Channel
from messaging.services.channel_checks import Report, check_channel
from messaging.transports import about, offered_kinds
from project.kernel import clock
from project.kernel.commands import OperatorCommand
from project.kernel.scope import across_workspaces

SOMETHING_WRONG = 1


class Command(OperatorCommand):
    help = "Say of each channel what is wrong and how to mend it. Ends with exit code 1 when something is."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=["check"], help="Ask every provider; look at what came and went.")
        parser.add_argument("--workspace", metavar="SLUG", help="One workspace's channels; else all of them.")

    def handle(self, *args: Any, **options: Any) -> None:
        self.wrong = 0
        super().handle(*args, **options)
        if self.wrong:
            raise CommandError(f"{self.wrong} of the channels need mending", returncode=SOMETHING_WRONG)

    def answer(self, **options: Any) -> list[dict[str, Any]]:
        workspace = workspace_named(options["workspace"]) if options["workspace"] else None
        with across_workspaces():
            channels = Channel.objects.filter(kind__in=offered_kinds()).select_related("workspace")
            wanted = list(channels.filter(workspace=workspace) if workspace else channels)
            reports = [check_channel(channel, clock.now()) for channel in sorted(wanted, key=_place)]
        self.wrong = sum(not report.is_well for report in reports)
        return [_shown(report) for report in reports]

    def tell(self, answer: list[dict[str, Any]]) -> str:
        return "\n".join(_line(channel) for channel in answer) or "No channel is connected."


def _place(channel: Channel) -> tuple[str, str, int]:
    return channel.workspace.slug, channel.name, channel.pk


def _shown(report: Report) -> dict[str, Any]:
    channel = report.channel
    return {
        "workspace": channel.workspace.slug,
        "id": channel.pk,
        "name": channel.name,
        "kind": channel.kind,
        "sender": channel.sender,
        "is_well": report.is_well,
        "found": report.found,
        "problems": [
            {"what": problem.what, "mend": problem.mend, "setting": problem.setting} for problem in report.problems
        ],
        "line": report.line,
    }


def _line(channel: dict[str, Any]) -> str:
    mark = "ok" if channel["is_well"] else "wrong"
    where = f"{channel['workspace']}: {channel['name']} ({about(channel['kind']).title})"
    return f"{mark:<6} {where}  {channel['line']}"
