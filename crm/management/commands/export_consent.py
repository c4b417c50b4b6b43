from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from crm.queries import lead_named
from crm.services.consent_exports import write_ledger


class Command(WorkspaceCommand):
    help = "Print the ledger of consent, oldest line first: of the workspace, or of one lead."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lead", help="Phone, e-mail address, other identity, or #id.")

    def answer_within(self, workspace: Workspace, **options: Any) -> list[dict[str, str]]:
        lead = lead_named(workspace, options["lead"]) if options["lead"] else None
        header, *rows = write_ledger(workspace, lead)
        return [dict(zip(header, row, strict=True)) for row in rows]

    def tell(self, answer: list[dict[str, str]]) -> str:
        lines = [" ".join([row["at"], row["lead"], row["channel"], row["purpose"], row["state"]]) for row in answer]
        return "\n".join(lines) or "Nobody has said anything yet."
