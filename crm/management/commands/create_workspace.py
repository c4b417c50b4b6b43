from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser

from crm.services.workspaces import create_workspace
from project.kernel import clock
from project.kernel.commands import OperatorCommand
from project.kernel.errors import WrongValues, problems_of

FLAG_OF = {"email": "owner_email", "password": "owner_password"}


class Command(OperatorCommand):
    help = "Found a workspace with its owner."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--slug", required=True, help="Short name in addresses, such as acme.")
        parser.add_argument("--name", required=True)
        parser.add_argument("--timezone", required=True, help="IANA name, such as America/Sao_Paulo.")
        parser.add_argument("--owner-email", required=True)
        parser.add_argument("--owner-password", required=True)
        parser.add_argument("--owner-name", default="")

    def answer(self, **options: Any) -> dict[str, Any]:
        wanted = {name: options[name] for name in ("slug", "name", "timezone", "owner_email", "owner_password")}
        try:
            workspace = create_workspace(**wanted, owner_name=options["owner_name"], now=clock.now())
        except ValidationError as error:
            problems = problems_of(error) or {}
            raise WrongValues({FLAG_OF.get(name, name): why for name, why in problems.items()}) from error
        return {"id": workspace.pk, "slug": workspace.slug, "owner": options["owner_email"].lower()}
