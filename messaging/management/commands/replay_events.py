from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from messaging.models import WebhookEvent
from messaging.models.webhooks import EventState
from messaging.services.inbox import replay_event
from project.kernel import clock
from project.kernel.errors import WrongValues


class Command(WorkspaceCommand):
    help = "Give parked events another round of attempts."

    def add_arguments(self, parser: CommandParser) -> None:
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument("--parked", action="store_true", help="Every parked event of the workspace.")
        which.add_argument("--id", action="append", type=int, dest="ids", metavar="ID")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, list[int]]:
        events = chosen_events(workspace, options["ids"])
        return {"replayed": [event.pk for event in events if replay_event(event, now=clock.now())]}

    def tell(self, answer: dict[str, list[int]]) -> str:
        return f"Replayed: {', '.join(map(str, answer['replayed'])) or 'none'}"


def chosen_events(workspace: Workspace, ids: list[int] | None) -> list[WebhookEvent]:
    """The parked events with these ids, else all that are parked, in order of arrival."""
    events = WebhookEvent.objects.filter(workspace_id=workspace.pk, state=EventState.PARKED).order_by("pk")
    if ids is None:
        return list(events)
    found = list(events.filter(pk__in=ids))
    if missing := set(ids) - {event.pk for event in found}:
        raise WrongValues({"id": f"no parked event here: {', '.join(map(str, sorted(missing)))}"})
    return found
