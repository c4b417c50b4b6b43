"""Making one lead of two, and two of one again.

Both conversations are locked in the order of their ids, then both leads; everything happens in that one transaction.
Whoever waited for one of these locks is given the survivor's (`lock_conversation`, `survivor_of`).
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from crm.models import Lead, LeadMerge, MergeProposal, User
from crm.models.consent import HoldKind
from crm.services.holds import holds_in_force
from crm.services.joining import copy_profile, keep_strictest, part_consents, part_profiles
from crm.services.proposals import settle_as_two, settle_proposals
from crm.services.trail import record_decision
from messaging.merging import Pair, merge_rules
from messaging.models import Conversation
from project.kernel.due import is_any_due
from project.kernel.scope import across_workspaces, workspace_scope

from .conversations import next_seq
from .joining import join_conversations, part_conversations
from .moving import Rows, move_back, move_rows
from .standstill import obstacle_of, withhold_waiting_words

logger = logging.getLogger(__name__)

LONGEST_REST = timedelta(hours=1)

KEPT_IN_PLACE = frozenset(
    {
        "crm.LeadMerge.kept",
        "crm.LeadMerge.gone",
        "crm.MergeProposal.first",
        "crm.MergeProposal.second",
        "messaging.Conversation.lead",  # stays behind, empty, and says where everything went
        "messaging.Floor.lead",  # the survivor's decides; an epoch means nothing under another lead
        "messaging.Attempt.lead",  # the call was made under that floor
        "messaging.Message.conversation",  # moved with its place in the thread
        "messaging.ServiceWindow.conversation",  # the later of two counts
    }
)


class CannotMerge(Exception):
    """Why the two cannot be merged, or parted again, now. The text is for the person who asked."""


class AlreadyMerged(CannotMerge):
    """One of the two is part of somebody else already."""


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decided: a person, or the workspace's rule."""

    user: User | None = None

    @property
    def name(self) -> str:
        return str(self.user) if self.user else "the rule"


@transaction.atomic
def merge_leads(*, kept: Lead, gone: Lead, reason: str, by: Decider, now: datetime) -> LeadMerge:
    """Everything of `gone` becomes part of `kept`. Raises CannotMerge, and then nothing has changed.

    Where only one of them has a conversation, that one is kept.
    """
    pair = _lock_pair(kept, gone)
    if obstacle := _obstacle(pair):
        raise CannotMerge(obstacle)
    if pair.gone_conversation:
        withhold_waiting_words(pair.gone_conversation, now)
    for rule in merge_rules():
        rule.settle(pair, now)
    moved, before = _join(pair, now)
    Lead.everything.filter(pk=pair.gone.pk).update(merged_into=pair.kept)
    merge = LeadMerge.objects.create(
        workspace_id=pair.kept.workspace_id,
        kept=pair.kept,
        gone=pair.gone,
        reason=reason,
        actor=by.name[:64],
        user=by.user,
        merged_at=now,
        moved=moved,
        before=before,
    )
    settle_proposals(pair.kept, pair.gone, "merged", now)
    told = f"{by.name} merged {pair.gone} (#{pair.gone.pk}) into {pair.kept}: {reason}"
    _tell(merge, pair.kept, "lead.merged", told, now)
    _finish(pair, now)
    return merge


def _join(pair: Pair, now: datetime) -> tuple[Rows, dict[str, Any]]:
    """What moved, and what was changed besides."""
    before: dict[str, Any] = {
        "was_held": HoldKind.UNSUBSCRIBED in holds_in_force(pair.kept.pk, now),
        "consents": keep_strictest(pair.kept, pair.gone, now),
        "profile": copy_profile(pair.kept, pair.gone),
    }
    moved = move_rows(old=pair.gone, new=pair.kept, skip=KEPT_IN_PLACE)
    if pair.kept_conversation and pair.gone_conversation:
        before |= join_conversations(pair.kept_conversation, pair.gone_conversation)
        moved |= move_rows(old=pair.gone_conversation, new=pair.kept_conversation, skip=KEPT_IN_PLACE)
        Conversation.everything.filter(pk=pair.gone_conversation.pk).update(merged_into=pair.kept_conversation)
    return moved, before


@transaction.atomic
def undo_merge(*, merge: LeadMerge, user: User, now: datetime) -> LeadMerge:
    """Two leads again: what is still where the merge put it goes back. Raises CannotMerge."""
    merge = LeadMerge.objects.select_for_update(of=("self",)).select_related("kept", "gone").get(pk=merge.pk)
    if merge.undone_at is not None:
        raise CannotMerge("This merge was undone before.")
    pair = _lock_merged(merge)
    if obstacle := _obstacle(pair):
        raise CannotMerge(obstacle)
    Lead.everything.filter(pk=pair.gone.pk).update(merged_into=None)
    kept, gone = pair.kept_conversation, pair.gone_conversation
    move_back(merge.moved, current=pair.kept, old=pair.gone)
    if kept and gone:
        Conversation.everything.filter(pk=gone.pk).update(merged_into=None)
        part_conversations(kept, gone, merge.before, now)
        move_back(merge.moved, current=kept, old=gone)
    part_consents(pair.kept, merge.before["consents"], was_held=merge.before["was_held"], now=now)
    part_profiles(pair.kept, merge.before["profile"])
    settle_as_two(pair.kept, pair.gone, now)
    merge.undone_at, merge.undone_by = now, user
    merge.save(update_fields=["undone_at", "undone_by"])
    for lead, twin in ((pair.kept, pair.gone), (pair.gone, pair.kept)):
        _tell(merge, lead, "lead.parted", f"{user} undid the merge of {lead} with {twin} (#{twin.pk}).", now)
    _finish(pair, now)
    return merge


def has_due_proposals(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(MergeProposal.objects.filter(due_at__lte=now))


def merge_one_due_proposal(now: datetime) -> bool:
    """The workspace's rule: two leads whom a provider named together become the one known longer."""
    with across_workspaces(), transaction.atomic():
        due = MergeProposal.objects.select_for_update(skip_locked=True, of=("self",)).filter(due_at__lte=now)
        proposal = due.select_related("first", "second").order_by("due_at").first()
        if proposal is None:
            return False
        proposal.attempts_made += 1
        proposal.due_at = now + min(timedelta(minutes=2 ** min(proposal.attempts_made, 6)), LONGEST_REST)
        proposal.save(update_fields=["attempts_made", "due_at"])
    with workspace_scope(proposal.workspace_id):
        _merge_by_rule(proposal, now)
    return True


def _merge_by_rule(proposal: MergeProposal, now: datetime) -> None:
    """Busy people are looked at again later; who was merged otherwise meanwhile needs nothing."""
    try:
        merge_leads(kept=proposal.first, gone=proposal.second, reason=proposal.reason, by=Decider(), now=now)
    except AlreadyMerged:
        settle_proposals(proposal.first, proposal.second, "merged", now)
    except CannotMerge as error:
        logger.info("merge.waits", extra={"proposal": proposal.pk, "why": str(error)})


def _lock_pair(kept: Lead, gone: Lead) -> Pair:
    if kept.pk == gone.pk:
        raise CannotMerge("These are the same lead.")
    if kept.workspace_id != gone.workspace_id:
        raise CannotMerge("These leads belong to different workspaces.")
    pair = _locked([kept.pk, gone.pk], kept.pk)
    for lead in (pair.kept, pair.gone):
        if lead.merged_into_id is not None:
            raise AlreadyMerged(f"{lead} was merged into somebody else before.")
    if pair.kept_conversation is None and pair.gone_conversation is not None:
        return Pair(pair.gone, pair.kept, pair.gone_conversation, None)
    return pair


def _lock_merged(merge: LeadMerge) -> Pair:
    """The absorbed conversation first: in that order those lock the two who are sent on from it."""
    for conversation in Conversation.everything.filter(lead=merge.gone, merged_into__isnull=False):
        Conversation.everything.select_for_update(no_key=True).get(pk=conversation.pk)
    pair = _locked([merge.kept_id, merge.gone_id], merge.kept_id)
    if pair.kept.merged_into_id is not None:
        raise CannotMerge(f"{pair.kept} was merged into somebody else since; undo that first.")
    return pair


def _locked(lead_ids: list[int], kept_id: int) -> Pair:
    conversations = {each.lead_id: each for each in _conversations_of(lead_ids).select_for_update(no_key=True)}
    leads = {
        lead.pk: lead for lead in Lead.everything.select_for_update(no_key=True).filter(pk__in=lead_ids).order_by("pk")
    }
    if _conversations_of(lead_ids).count() != len(conversations):
        raise CannotMerge("One of them is writing for the first time at this moment; try again.")
    (gone_id,) = set(lead_ids) - {kept_id}
    return Pair(leads[kept_id], leads[gone_id], conversations.get(kept_id), conversations.get(gone_id))


def _conversations_of(lead_ids: list[int]) -> QuerySet[Conversation]:
    found: QuerySet[Conversation] = Conversation.everything.filter(lead__in=lead_ids).order_by("pk")
    return found


def _obstacle(pair: Pair) -> str:
    return obstacle_of(pair) or next(filter(None, (rule.obstacle(pair) for rule in merge_rules())), "")


def _finish(pair: Pair, now: datetime) -> None:
    """The floors above put themselves in order, and every screen that shows one of the two looks again."""
    for conversation in pair.conversations:
        current = Conversation.everything.select_related("lead", "workspace").get(pk=conversation.pk)
        if current.merged_into_id is None:
            for rule in merge_rules():
                rule.arrange(current, now)
        next_seq(current)


def _tell(merge: LeadMerge, lead: Lead, kind: str, reason: str, now: datetime) -> None:
    record_decision(
        lead=lead,
        actor=merge.actor,
        kind=kind,
        reason=reason,
        now=now,
        merge=merge.pk,
        kept=merge.kept_id,
        gone=merge.gone_id,
        rows=sum(len(keys) for keys in merge.moved.values()),
    )
