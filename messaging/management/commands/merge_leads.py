from typing import Any

from django.core.management.base import CommandParser

from crm.commands import WorkspaceCommand
from crm.models import LeadMerge, User, Workspace
from crm.queries import lead_named
from messaging.services.merging import CannotMerge, Decider, merge_leads, undo_merge
from project.kernel import clock
from project.kernel.errors import WrongValues


class Command(WorkspaceCommand):
    help = "Make one lead of two, or undo such a merge (--undo)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--keep", metavar="LEAD", help="Phone, e-mail address, other identity, or #id.")
        parser.add_argument("--gone", metavar="LEAD", help="Who becomes part of the other.")
        parser.add_argument("--undo", type=int, metavar="MERGE", help="The number of a merge.")
        parser.add_argument("--by", required=True, metavar="EMAIL", help="Whose decision it is.")
        parser.add_argument("--reason", default="merged by command")

    def answer_within(self, workspace: Workspace, **options: Any) -> dict[str, Any]:
        user = _member(workspace, options["by"])
        try:
            merge = _part(workspace, options["undo"], user) if options["undo"] else _merge(workspace, options, user)
        except CannotMerge as error:
            raise WrongValues({"merge": str(error)}) from error
        rows = sum(len(keys) for keys in merge.moved.values())
        return {
            "id": merge.pk,
            "kept": merge.kept_id,
            "gone": merge.gone_id,
            "rows": rows,
            "undone_at": merge.undone_at,
        }


def _merge(workspace: Workspace, options: dict[str, Any], user: User) -> LeadMerge:
    if missing := {name: "is required" for name in ("keep", "gone") if not options[name]}:
        raise WrongValues(missing)
    kept, gone = lead_named(workspace, options["keep"]), lead_named(workspace, options["gone"])
    return merge_leads(kept=kept, gone=gone, reason=options["reason"], by=Decider(user), now=clock.now())


def _part(workspace: Workspace, number: int, user: User) -> LeadMerge:
    merge = LeadMerge.objects.filter(workspace=workspace, pk=number).first()
    if merge is None:
        raise WrongValues({"undo": f"there is no merge {number} in this workspace"})
    return undo_merge(merge=merge, user=user, now=clock.now())


def _member(workspace: Workspace, email: str) -> User:
    user = User.objects.filter(email__iexact=email, memberships__workspace=workspace).first()
    if user is None:
        raise WrongValues({"by": f"nobody with the address “{email}” works in this workspace"})
    return user
