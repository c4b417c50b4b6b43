from typing import Any

from django.core.management.base import CommandParser

from agents.models import LeadFact, LeadScore, LeadTag
from crm.commands import WorkspaceCommand
from crm.models import Workspace
from crm.queries import lead_named


class Command(WorkspaceCommand):
    help = "Tell what is known of a lead: each fact with its source, the scores with their parts, the tags."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lead", required=True, help="Phone, e-mail address, visitor id, or #id.")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        lead = lead_named(workspace, options["lead"])
        score = LeadScore.objects.filter(lead=lead).first()
        names = ("engagement", "intent", "fit")
        return {
            "lead": {"id": lead.pk, "name": lead.name},
            "facts": [_shown(fact) for fact in LeadFact.objects.filter(lead=lead).order_by("field", "-id")],
            "scores": {name: {"value": getattr(score, name), "parts": score.parts.get(name, [])} for name in names}
            if score
            else {},
            "tags": list(
                LeadTag.objects.filter(lead=lead, removed_at=None).order_by("name").values_list("name", flat=True)
            ),
        }

    def tell(self, answer: dict[str, Any]) -> str:
        facts = [f"{_line(fact)}" for fact in answer["facts"]]
        scores = [f"{name}: {score['value']}" for name, score in answer["scores"].items()]
        return "\n".join([*facts, *scores, f"tags: {', '.join(answer['tags']) or 'none'}"])


def _shown(fact: LeadFact) -> dict[str, Any]:
    return {
        "field": fact.field,
        "value": fact.value,
        "source": fact.source,
        "confidence": fact.confidence,
        "message": str(fact.message_id) if fact.message_id else None,
        "words": fact.words,
        "at": fact.at.isoformat(),
        "is_current": fact.superseded_at is None,
    }


def _line(fact: dict[str, Any]) -> str:
    mark = "" if fact["is_current"] else " (before)"
    return f"{fact['field']}: {fact['value'] or '—'}{mark}, {fact['source']}" + (
        f": “{fact['words']}”" if fact["words"] else ""
    )
