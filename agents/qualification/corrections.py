"""What people say about a lead. Their word is a fact like any other, except that no reading replaces it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from agents.models import LeadFact, LeadTag
from agents.models.qualification import FactSource
from crm.models import Lead, User
from crm.services.profiles import change_profile
from crm.services.trail import record_decision
from messaging.services.conversations import lock_conversation, next_seq
from project.kernel.errors import WrongValues

from .fields import FIELDS, cleaned
from .merging import tag_name
from .scoring import ask_rescore


@transaction.atomic
def correct_fact(*, lead: Lead, field: str, value: str, user: User, now: datetime) -> None:
    """Enter, confirm, change or (with an empty value) take away a fact. Raises WrongValues."""
    if field not in FIELDS:
        raise WrongValues({"field": f"“{field[:40]}” is none of {', '.join(FIELDS)}"})
    checked = cleaned(field, value)
    _lock(lead)
    before = _enter(lead, field, checked, user, now)
    if before is None:
        return
    if column := FIELDS[field].column:
        change_profile(lead=lead, changes={column: checked}, user=user, now=now)
    ask_rescore(lead=lead, now=now)
    record_decision(
        lead=lead,
        actor=str(user),
        kind="lead.fact_corrected",
        reason=_sentence(user, field, checked, before),
        now=now,
        user=user.pk,
        field=field,
        before=before,
        after=checked,
    )
    _show(lead)


@transaction.atomic
def correct_lead(*, lead: Lead, changes: Mapping[str, Any], user: User, now: datetime) -> None:
    """Change the lead's own columns; those that a fact stands behind become a person's word."""
    _lock(lead)
    change_profile(lead=lead, changes=changes, user=user, now=now)
    fields = {field.column: key for key, field in FIELDS.items() if field.column}
    for column, value in changes.items():
        if column in fields:
            _enter(lead, fields[column], str(value or ""), user, now)
    ask_rescore(lead=lead, now=now)


@transaction.atomic
def tag_lead(*, lead: Lead, name: str, user: User, now: datetime) -> None:
    tag = tag_name(name)
    if not tag:
        raise WrongValues({"tag": "is empty"})
    _lock(lead)
    _, is_new = LeadTag.objects.update_or_create(
        lead=lead,
        name=tag,
        defaults={"removed_at": None},
        create_defaults={"workspace_id": lead.workspace_id, "source": FactSource.PERSON, "at": now},
    )
    if is_new:
        _tell_tag(lead, f"{user} tagged the lead {tag}.", user, tag, now)
    _show(lead)


@transaction.atomic
def untag_lead(*, lead: Lead, name: str, user: User, now: datetime) -> bool:
    """Take a tag away, for good; False when the lead had none of that name."""
    _lock(lead)
    removed = LeadTag.objects.filter(lead=lead, name=tag_name(name), removed_at=None).update(removed_at=now)
    if removed:
        _tell_tag(lead, f"{user} took the tag {tag_name(name)} away.", user, tag_name(name), now)
        _show(lead)
    return bool(removed)


def _tell_tag(lead: Lead, reason: str, user: User, tag: str, now: datetime) -> None:
    record_decision(lead=lead, actor=str(user), kind="lead.tagged", reason=reason, now=now, user=user.pk, tag=tag)


def _enter(lead: Lead, field: str, value: str, user: User, now: datetime) -> str | None:
    """A person's word becomes the current fact; the value before, or None when a person had said the same."""
    current = LeadFact.objects.select_for_update(no_key=True).filter(lead=lead, field=field, superseded_at=None).first()
    if current is None and not value:
        return None
    if current is not None:
        if current.source == FactSource.PERSON and current.value == value:
            return None
        current.superseded_at = now
        current.save(update_fields=["superseded_at"])
    LeadFact.objects.create(
        workspace_id=lead.workspace_id,
        lead=lead,
        field=field,
        value=value[:255],
        source=FactSource.PERSON,
        confidence=1.0,
        user=user,
        at=now,
    )
    return current.value if current else ""


def _sentence(user: User, field: str, value: str, before: str) -> str:
    label = FIELDS[field].label.lower()
    if not value:
        return f"{user} took the {label} away (it was {before})."
    if value == before:
        return f"{user} confirmed the {label}: {value}."
    return f"{user} set the {label} to {value}" + (f" (it was {before})." if before else ".")


def _lock(lead: Lead) -> None:
    """The conversation first, as everywhere; a lead that never wrote has none."""
    if (conversation := getattr(lead, "conversation", None)) is not None:
        lock_conversation(conversation.pk)


def _show(lead: Lead) -> None:
    if (conversation := getattr(lead, "conversation", None)) is not None:
        next_seq(lock_conversation(conversation.pk))
