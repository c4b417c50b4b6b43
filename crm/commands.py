"""Commands that work inside one workspace."""

from typing import Any

from django.core.management.base import CommandParser

from crm.models import Workspace
from project.kernel.commands import OperatorCommand
from project.kernel.errors import WrongValues
from project.kernel.scope import workspace_scope


class WorkspaceCommand(OperatorCommand):
    """A command defines `answer_within(workspace, **options)`; the workspace's scope is open there."""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.add_argument("--workspace", required=True, metavar="SLUG")
        return parser

    def answer(self, **options: Any) -> Any:
        workspace = workspace_named(options.pop("workspace"))
        with workspace_scope(workspace):
            return self.answer_within(workspace, **options)

    def answer_within(self, workspace: Workspace, **options: Any) -> Any:
        raise NotImplementedError


def workspace_named(slug: str) -> Workspace:
    workspace = Workspace.objects.filter(slug=slug).first()
    if workspace is None:
        raise WrongValues({"workspace": f"there is no workspace “{slug}”"})
    return workspace
