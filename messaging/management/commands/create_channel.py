from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from messaging.services.channels import create_channel, doors_of
from messaging.transports import offered_kinds
from project.kernel import clock
from project.kernel.commands import parse_assignments


class Command(WorkspaceCommand):
    help = "Connect a channel to a workspace; answers with the addresses of its doors."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", help=", ".join(offered_kinds()))
        parser.add_argument("--name", required=True)
        parser.add_argument("--set", action="append", default=[], dest="assignments", metavar="NAME=VALUE")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        channel = create_channel(
            workspace=workspace,
            kind=options["kind"],
            name=options["name"],
            values=parse_assignments(options["assignments"]),
            now=clock.now(),
        )
        return {"id": channel.pk, **doors_of(channel)}
