from typing import Any

from django.core.management.base import CommandError, CommandParser

from crm.commands import WorkspaceCommand
from crm.models import Workspace
from messaging.models import Channel, MessageTemplate
from messaging.services.templates import templates_of
from messaging.services.upkeep import list_channel_templates
from messaging.transports import TransportError, capabilities_of
from project.kernel import clock
from project.kernel.errors import WrongValues

UNASKED = 1


class Command(WorkspaceCommand):
    help = "Show a workspace's message templates; with --ask, read them from the providers first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--channel", type=int, metavar="ID", help="Only those of this sender's account.")
        parser.add_argument("--ask", action="store_true", help="Ask the provider now; exit code 1 without an answer.")

    def answer_within(self, workspace: Workspace, **options: Any) -> list[dict[str, Any]]:
        channels = _channels(options["channel"])
        for channel in channels if options["ask"] else ():
            try:
                list_channel_templates(channel, clock.now())
            except TransportError as error:
                raise CommandError(f"{channel}: {error.detail or error.code}", returncode=UNASKED) from error
        found = {template.pk: template for channel in channels for template in templates_of(channel)}
        return [_shown(each) for each in sorted(found.values(), key=lambda each: (each.name, each.language, each.pk))]

    def tell(self, answer: list[dict[str, Any]]) -> str:
        return "\n".join(_line(each) for each in answer) or "There is no template."


def _channels(channel_id: int | None) -> list[Channel]:
    found = [each for each in Channel.objects.order_by("pk") if capabilities_of(each.kind).templates]
    chosen = [each for each in found if channel_id in (None, each.pk)]
    if channel_id is not None and not chosen:
        raise WrongValues({"channel": f"{channel_id} is no channel with templates in this workspace"})
    return chosen


def _shown(template: MessageTemplate) -> dict[str, Any]:
    names = ("id", "name", "language", "category", "status", "quality", "body", "variables", "reason", "unsupported")
    uses = [use.purpose for use in template.uses.order_by("purpose")]
    return {**{name: getattr(template, name) for name in names}, "uses": uses}


def _line(template: dict[str, Any]) -> str:
    used = f"  for {', '.join(template['uses'])}" if template["uses"] else ""
    state = f"{template['status']:<10} {template['category'] or '-':<14} {template['quality'] or '-':<7}"
    return f"{state} {template['name']} ({template['language']}){used}"
