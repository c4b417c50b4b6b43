from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from crm.services.catalogue import COLUMNS, MOST_BYTES, import_products
from project.kernel import clock
from project.kernel.errors import WrongValues


class Command(WorkspaceCommand):
    help = f"Create or change products by SKU from a CSV file with the columns {', '.join(COLUMNS)}."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", required=True)

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        try:
            with Path(options["file"]).open("rb") as file:
                table = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise WrongValues({"--file": f"{options['file']} cannot be read: {error.strerror}"}) from error
        return asdict(import_products(workspace=workspace, table=table, now=clock.now()))
