"""Two leads who seem to be one person: told to the team, or to the workspace's rule. Nothing is merged here."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from crm.models import Lead, MergeProposal, PeoplePolicy, User

from .trail import record_decision


@transaction.atomic(savepoint=False)
def propose_merges(people: Sequence[Lead], *, reason: str, now: datetime, by_rule: bool = True) -> None:
    """Propose that everybody is the first. What was proposed before, or settled, is not told again."""
    first, *others = people
    due_at = now if by_rule and _merges_by_rule(first.workspace_id) else None
    for other in others:
        _propose(first, other, reason, due_at, now)


def _propose(one: Lead, other: Lead, reason: str, due_at: datetime | None, now: datetime) -> None:
    first, second = sorted((one, other), key=lambda lead: lead.pk)
    _, is_new = MergeProposal.objects.get_or_create(
        workspace_id=first.workspace_id,
        first=first,
        second=second,
        defaults={"reason": reason, "proposed_at": now, "due_at": due_at},
    )
    if is_new:
        for lead, twin in ((first, second), (second, first)):
            record_decision(
                lead=lead,
                actor="crm",
                kind="lead.merge_proposed",
                reason=f"{lead} may be the same person as {twin} (#{twin.pk}): {reason}",
                now=now,
                other=twin.pk,
            )


def _merges_by_rule(workspace_id: int) -> bool:
    return PeoplePolicy.objects.filter(workspace_id=workspace_id, merges_by_rule=True).exists()


def open_proposals(lead: Lead) -> list[MergeProposal]:
    """Those that somebody still has to decide on."""
    of_lead = MergeProposal.objects.filter(Q(first=lead) | Q(second=lead), settled_at=None)
    present = of_lead.filter(first__merged_into=None, second__merged_into=None)
    return list(present.select_related("first", "second").order_by("pk"))


@transaction.atomic
def decline_proposal(*, proposal: MergeProposal, user: User, now: datetime) -> None:
    """A person says that these are two people; nobody asks again."""
    if not settle_proposals(proposal.first, proposal.second, "different", now):
        return
    for lead, twin in ((proposal.first, proposal.second), (proposal.second, proposal.first)):
        record_decision(
            lead=lead,
            actor=str(user),
            kind="lead.merge_declined",
            reason=f"{user} said that {lead} and {twin} are two people.",
            now=now,
            other=twin.pk,
            user=user.pk,
        )


def settle_proposals(one: Lead, other: Lead, outcome: str, now: datetime) -> int:
    """Close what was proposed about the two; the count."""
    first, second = sorted((one.pk, other.pk))
    return MergeProposal.objects.filter(first=first, second=second, settled_at=None).update(
        settled_at=now, settled_as=outcome, due_at=None
    )


def settle_as_two(one: Lead, other: Lead, now: datetime) -> None:
    """Their merge was undone: the rule must not merge them again, nor anybody be asked."""
    first, second = sorted((one, other), key=lambda lead: lead.pk)
    verdict = {"settled_at": now, "settled_as": "different", "due_at": None}
    MergeProposal.objects.update_or_create(
        workspace_id=first.workspace_id,
        first=first,
        second=second,
        defaults=verdict,
        create_defaults={**verdict, "reason": "Their merge was undone.", "proposed_at": now},
    )
