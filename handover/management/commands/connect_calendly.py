from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from handover.services.connections import connect_calendly, webhook_url_of
from project.kernel import clock
from project.kernel.commands import parse_assignments


class Command(WorkspaceCommand):
    help = "Connect a workspace to its Calendly account; answers with the address for Calendly's webhooks."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--set",
            action="append",
            default=[],
            dest="assignments",
            metavar="NAME=VALUE",
            help="token, event_type, signing_key; optionally api_base",
        )

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, str]:
        values = parse_assignments(options["assignments"])
        connection = connect_calendly(workspace=workspace, values=values, now=clock.now())
        return {"webhook_url": webhook_url_of(connection)}
