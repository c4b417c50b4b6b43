"""Merging findings into a lead: provenance for each value, history for what contradicts it, a person's word on top."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from agents.alerts import alert_staff
from agents.models import LeadFact, LeadScore, LeadTag
from agents.models.qualification import FactSource
from crm.models import Lead
from crm.services.trail import record_decision
from messaging.models import Conversation

from .fields import FIELDS, same, tidy
from .findings import Finding, Findings, Known, Weight, weigh

LONGEST_FOLLOW_UP = timedelta(days=365)


@transaction.atomic
def record_findings(
    *, conversation: Conversation, found: Findings, why: str, told: dict[str, Any], now: datetime
) -> list[str]:
    """Merge what was found; the names of the fields that changed. The conversation is locked by the caller."""
    lead = Lead.objects.select_for_update(no_key=True).get(pk=conversation.lead_id)
    current = {fact.field: fact for fact in LeadFact.objects.filter(lead=lead, superseded_at=None)}
    learned = [finding for finding in found.facts if _merge(lead, finding, current.get(finding.field), now)]
    tags = _add_tags(lead, found.tags, now)
    _keep_opinion(lead, found)
    if learned or tags:
        _tell(lead, learned, tags, current, why, told, now)
    _advise(conversation, lead, found, now)
    return [finding.field for finding in learned]


def _merge(lead: Lead, finding: Finding, current: LeadFact | None, now: datetime) -> bool:
    known = Known(current.value, current.source, current.confidence) if current else None
    match weigh(finding, known):
        case Weight.LEARN:
            if current is not None:
                LeadFact.objects.filter(pk=current.pk).update(superseded_at=now)
            _store(lead, finding, now)
            _fill_column(lead, finding, current)
            return True
        case Weight.ASIDE:
            _put_aside(lead, finding, now)
    return False


def _store(lead: Lead, finding: Finding, now: datetime, *, superseded_at: datetime | None = None) -> None:
    LeadFact.objects.create(
        workspace_id=lead.workspace_id,
        lead=lead,
        field=finding.field,
        value=finding.value,
        source=finding.source,
        confidence=finding.confidence,
        message_id=finding.message_id,
        words=finding.words,
        at=now,
        superseded_at=superseded_at,
    )


def _put_aside(lead: Lead, finding: Finding, now: datetime) -> None:
    """Once: the same message read again, or the same claim repeated, adds nothing to the history."""
    heard = LeadFact.objects.filter(lead=lead, field=finding.field).exclude(source=FactSource.PERSON)
    if not any(same(finding.field, value, finding.value) for value in heard.values_list("value", flat=True)):
        _store(lead, finding, now, superseded_at=now)


def _fill_column(lead: Lead, finding: Finding, before: LeadFact | None) -> None:
    """Only a column that is empty, or that an earlier reading filled: what a person or a channel wrote there stays."""
    field = FIELDS[finding.field]
    if not field.column or field.to_confirm:
        return
    held = getattr(lead, field.column)
    if held and not (before is not None and held == before.value):
        return
    setattr(lead, field.column, finding.value)
    lead.save(update_fields=[field.column])


def _add_tags(lead: Lead, names: Sequence[str], now: datetime) -> list[str]:
    """Those that are new. One that a person took away is not put back."""
    wanted = dict.fromkeys(tag_name(name) for name in names)
    known = set(LeadTag.objects.filter(lead=lead, name__in=wanted).values_list("name", flat=True))
    new = [name for name in wanted if name and name not in known]
    LeadTag.objects.bulk_create(
        [
            LeadTag(workspace_id=lead.workspace_id, lead=lead, name=name, source=FactSource.OFFLINE, at=now)
            for name in new
        ],
        ignore_conflicts=True,
    )
    return new


def tag_name(text: str) -> str:
    return "-".join(tidy(text).casefold().split())[:40]


def _keep_opinion(lead: Lead, found: Findings) -> None:
    if found.opinion:
        LeadScore.objects.update_or_create(
            lead=lead, defaults={"opinion": found.opinion}, create_defaults={**_row(lead), "opinion": found.opinion}
        )


def _row(lead: Lead) -> dict[str, Any]:
    return {"workspace_id": lead.workspace_id, "lead": lead}


def _tell(
    lead: Lead,
    learned: Sequence[Finding],
    tags: list[str],
    before: dict[str, LeadFact],
    why: str,
    told: dict[str, Any],
    now: datetime,
) -> None:
    said = [_sentence(finding, before.get(finding.field)) for finding in learned]
    said += [f"tagged {', '.join(tags)}"] if tags else []
    record_decision(
        lead=lead,
        actor="primary",
        kind="lead.learned",
        reason=f"Learned from the customer's words: {'; '.join(said)}.",
        now=now,
        why=why,
        facts=[
            {"field": each.field, "value": each.value, "source": each.source, "message": str(each.message_id or "")}
            for each in learned
        ],
        **told,
    )


def _sentence(finding: Finding, before: LeadFact | None) -> str:
    label = FIELDS[finding.field].label.lower()
    was = f" (before: {before.value})" if before and before.value else ""
    return f"{label} {finding.value.replace('_', ' ')}{was}"


def _advise(conversation: Conversation, lead: Lead, found: Findings, now: datetime) -> None:
    """What the model recommends is told to people; nothing is done by itself."""
    if found.follow_up_on and now.date() <= found.follow_up_on <= (now + LONGEST_FOLLOW_UP).date():
        record_decision(
            lead=lead,
            actor="primary",
            kind="lead.follow_up_advised",
            reason=f"Recommends to write again on {found.follow_up_on.day} {found.follow_up_on:%B}.",
            now=now,
            on=found.follow_up_on.isoformat(),
        )
    if found.notify:
        alert_staff(
            conversation=conversation,
            headline=f"{lead}: {found.notify}",
            text="The conversation was read for facts, and this stood out. You may take over at any moment.",
            key=f"extraction:{lead.pk}:{now:%Y-%m-%d}",
            now=now,
        )
