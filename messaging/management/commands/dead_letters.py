from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.core.management.base import CommandParser

from crm.access import NotAllowed, NotFound, require
from crm.commands import WorkspaceCommand
from crm.models import User, Workspace
from messaging.models import Channel, Message
from messaging.services.dead_letters import Refused, dead_letters, dismiss_message, replay_all, replay_message
from project.kernel import clock
from project.kernel.errors import WrongValues

LIMIT = 200


class Command(WorkspaceCommand):
    help = "List the messages that ended without arriving; send them again, or leave them."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--replay", metavar="ID|all", help="Send it again; `all` leaves out what is in doubt.")
        what.add_argument("--dismiss", metavar="ID", help="Leave it unsent.")
        parser.add_argument("--despite-doubt", action="store_true", help="The customer may get it twice.")
        parser.add_argument("--as", dest="email", metavar="EMAIL", help="Who decides; the trail names them.")
        parser.add_argument("--channel", type=int, metavar="ID", help="Only messages of this channel.")
        parser.add_argument("--code", default="", help="Only messages that ended with this error code.")
        parser.add_argument("--limit", type=int, default=LIMIT, metavar="N", help=f"At most so many ({LIMIT}).")

    def answer_within(self, workspace: Workspace, **options: Any) -> Any:
        refuse_contradictions(options)
        channel = channel_named(options["channel"])
        if not options["replay"] and not options["dismiss"]:
            return listed(workspace, channel, options["code"], options["limit"])
        user = person_named(options["email"], workspace)
        if options["replay"] == "all":
            return asdict(
                replay_all(
                    workspace=workspace,
                    channel=channel,
                    code=options["code"],
                    user=user,
                    now=clock.now(),
                    limit=options["limit"],
                )
            )
        return decided(workspace, user, **options)

    def tell(self, answer: Any) -> str:
        if isinstance(answer, dict):
            return super().tell(answer)
        return "\n".join(_line(letter) for letter in answer) or "Nothing ended without arriving."


def refuse_contradictions(options: dict[str, Any]) -> None:
    wrong = {}
    if options["limit"] < 1:
        wrong["limit"] = "must be at least 1"
    if options["despite_doubt"] and options["replay"] in (None, "all"):
        wrong["despite_doubt"] = "belongs to --replay with the id of one message"
    if (options["replay"] or options["dismiss"]) and not options["email"]:
        wrong["as"] = "say who decides: the trail names them"
    if wrong:
        raise WrongValues(wrong)


def channel_named(pk: int | None) -> Channel | None:
    channel = Channel.objects.filter(pk=pk).first()
    if pk is not None and channel is None:
        raise WrongValues({"channel": f"there is no channel {pk} here"})
    return channel


def person_named(email: str, workspace: Workspace) -> User:
    user = User.objects.filter(email__iexact=email).first()
    if user is None:
        raise WrongValues({"as": f"there is no person {email}"})
    try:
        require(user, workspace, "reply")
    except (NotFound, NotAllowed) as error:
        raise WrongValues({"as": f"{email} may not send messages in this workspace"}) from error
    return user


def decided(workspace: Workspace, user: User, **options: Any) -> dict[str, Any]:
    """What became of the one message."""
    name = "replay" if options["replay"] else "dismiss"
    message = message_named(workspace, name, options[name])
    try:
        if name == "dismiss":
            dismiss_message(message=message, user=user, now=clock.now())
            return {"dismissed": message.pk}
        doubt = options["despite_doubt"]
        message = replay_message(message=message, user=user, now=clock.now(), despite_doubt=doubt)
    except Refused as error:
        raise WrongValues({name: str(error)}) from error
    return {"replayed": message.pk, "status": str(message.status), "reason": message.verdict["reason"]}


def message_named(workspace: Workspace, option: str, text: str) -> Message:
    try:
        message = Message.objects.filter(workspace=workspace, pk=UUID(text)).first()
    except ValueError:
        message = None
    if message is None:
        raise WrongValues({option: f"there is no message “{text}” here"})
    return message


def listed(workspace: Workspace, channel: Channel | None, code: str, limit: int) -> list[dict[str, Any]]:
    letters = dead_letters(workspace).select_related("lead", "channel")
    if channel is not None:
        letters = letters.filter(channel=channel)
    if code:
        letters = letters.filter(error_code=code)
    return [
        {
            "id": letter.pk,
            "at": letter.at,
            "lead": str(letter.lead),
            "channel": str(letter.channel),
            "voice": letter.voice,
            "status": letter.status,
            "code": letter.error_code,
            "body": letter.body,
        }
        for letter in letters[:limit]
    ]


def _line(letter: dict[str, Any]) -> str:
    code = f" {letter['code']}" if letter["code"] else ""
    return (
        f"{letter['id']}  {letter['at']:%Y-%m-%d %H:%M}  {letter['status']}{code}  {letter['lead']}: {letter['body']}"
    )
