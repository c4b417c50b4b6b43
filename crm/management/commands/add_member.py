from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Role, Workspace
from crm.services.workspaces import add_member


class Command(WorkspaceCommand):
    help = "Bring a person into a workspace, or change the role of one who is in it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--role", required=True, help=", ".join(Role.values))
        parser.add_argument("--password", default="", help="Needed for a person who has no account yet.")
        parser.add_argument("--name", default="")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        wanted = {name: options[name] for name in ("email", "role", "password", "name")}
        user = add_member(workspace=workspace, **wanted)
        return {"id": user.pk, "email": user.email, "workspace": workspace.slug, "role": options["role"]}
