from typing import Any

from django.core.management.base import CommandParser

from agents.knowledge.meaning import meaning_of
from agents.knowledge.search import search_knowledge
from crm.commands import WorkspaceCommand
from crm.models import Workspace


class Command(WorkspaceCommand):
    help = "What the agents would find for a customer's question, best first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("text")
        parser.add_argument("--language", default="")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        text = options["text"]
        found = search_knowledge(
            workspace_id=workspace.pk,
            text=text,
            language=options["language"] or None,
            limit=5,
            vector=meaning_of(text),
        )
        return {"found": [{"ref": each.ref, "title": each.title, "rank": each.rank} for each in found]}

    def tell(self, answer: dict[str, Any]) -> str:
        lines = [f"{each['rank']:.2f}  {each['ref']}  {each['title']}" for each in answer["found"]]
        return "\n".join(lines) or "Nothing here answers it."
