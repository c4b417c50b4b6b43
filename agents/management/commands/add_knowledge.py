from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from agents.knowledge.sources import MOST_BYTES, add_source, kind_of_file, read_one_due_source
from agents.models import KnowledgeSource
from agents.models.sources import SourceKind
from crm.commands import WorkspaceCommand
from crm.models import Workspace
from project.kernel import clock
from project.kernel.errors import WrongValues
from project.kernel.scope import workspace_scope


class Command(WorkspaceCommand):
    help = "Give the agents a web page or a file (text, PDF, CSV price list) to read, and read it at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--url", default="", help="A public web page.")
        parser.add_argument("--file", default="", help="A text, a PDF, or a price list as CSV.")
        parser.add_argument("--title", default="")
        parser.add_argument("--language", default="", help="Such as en or pt-BR; recognised if not given.")
        parser.add_argument("--refetch-hours", type=int, default=None, help="How often a page is read again.")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        if bool(options["url"]) == bool(options["file"]):
            raise WrongValues({"--url": "give either --url or --file"})
        body = _content(options["file"]) if options["file"] else b""
        kind = kind_of_file(options["file"], body) if options["file"] else SourceKind.PAGE
        now = clock.now()
        source = add_source(
            workspace=workspace,
            kind=kind,
            title=options["title"] or Path(options["file"]).name,
            url=options["url"],
            original=body,
            language=options["language"],
            refetch_hours=options["refetch_hours"],
            now=now,
        )
        while read_one_due_source(now):
            pass
        with workspace_scope(workspace):
            return _told(KnowledgeSource.objects.defer("original").get(pk=source.pk))


def _content(name: str) -> bytes:
    try:
        with Path(name).open("rb") as file:
            return file.read(MOST_BYTES + 1)
    except OSError as error:
        raise WrongValues({"--file": f"{name} cannot be read: {error.strerror}"}) from error


def _told(source: KnowledgeSource) -> dict[str, Any]:
    return {
        "id": source.pk,
        "kind": source.kind,
        "title": source.title,
        "state": source.state,
        "passages": source.chunk_count,
        "error": source.error,
    }
