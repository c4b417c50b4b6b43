from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from messaging.services.channels import doors_of
from messaging.services.connecting import connect_channel
from messaging.transports import offered_kinds
from project.kernel import clock
from project.kernel.commands import parse_assignments


class Command(WorkspaceCommand):
    help = "Ask the provider, and connect a channel to a workspace; answers with the addresses of its doors."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("kind", help=", ".join(offered_kinds()))
        parser.add_argument("--name", required=True)
        parser.add_argument("--set", action="append", default=[], dest="assignments", metavar="NAME=VALUE")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        connected = connect_channel(
            workspace=workspace,
            kind=options["kind"],
            name=options["name"],
            values=parse_assignments(options["assignments"]),
            now=clock.now(),
        )
        told = {"found": connected.verified.found, "warnings": connected.warnings}
        return {"id": connected.channel.pk, **doors_of(connected.channel), **told}

    def tell(self, answer: dict[str, Any]) -> str:
        warnings = [f"warning: {warning}" for warning in answer["warnings"]]
        return "\n".join([super().tell({name: answer[name] for name in answer if name != "warnings"}), *warnings])
