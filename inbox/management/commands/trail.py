from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from crm.queries import as_event, lead_named, trail_of


class Command(WorkspaceCommand):
    help = "Tell everything that was decided about a lead, in order, with the reasons."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--lead", required=True, help="Phone, e-mail address, visitor id, or #id.")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        lead = lead_named(workspace, options["lead"])
        identities = [{"kind": known.kind, "value": known.value} for known in lead.identities.order_by("id")]
        described = {"id": lead.pk, "name": lead.name, "company": lead.company, "identities": identities}
        return {"lead": described, "events": [as_event(entry) for entry in trail_of(lead)]}

    def tell(self, answer: dict[str, Any]) -> str:
        lead = answer["lead"]
        known_as = ", ".join(identity["value"] for identity in lead["identities"])
        title = f"{lead['name'] or 'Lead'} (#{lead['id']}; {known_as})"
        return "\n".join([title, *map(_line, answer["events"])])


def _line(event: dict[str, Any]) -> str:
    return f"{event['at'][:19].replace('T', ' ')}  {event['actor']:<12} {event['kind']:<20} {event['reason']}"
