"""Scores of leads, computed set by set: one lead after an event, or all of them by a command, in the same way."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count

from agents.models import LeadFact, LeadScore, Turn
from crm.models import Activity, Lead, Workspace
from project.kernel.due import is_any_due
from project.kernel.scope import across_workspaces, workspace_scope

from .scores import WINDOW, Evidence, Score, engagement, fit, intent

BATCH = 500
LOOK_AGAIN = timedelta(days=1)

_ASK = """
    INSERT INTO agents_leadscore AS score
        (workspace_id, lead_id, engagement, intent, fit, parts, opinion, due_at)
    VALUES (%s, %s, 0, 0, 0, '{}', '{}', %s)
    ON CONFLICT (lead_id) DO UPDATE SET due_at = least(score.due_at, excluded.due_at)
"""


def ask_rescore(*, lead: Lead, now: datetime) -> None:
    """Something happened that counts: the scores are due, in the transaction of the fact.

    Nobody is woken: the next tick scores all who are due by then in one go.
    """
    with connection.cursor() as cursor:
        cursor.execute(_ASK, [lead.workspace_id, lead.pk, now])


def has_due_scores(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(LeadScore.objects.filter(due_at__lte=now))


def rescore_one_due_batch(now: datetime) -> bool:
    """Rescore the leads of one workspace that are due, up to a batch; False when none is."""
    with across_workspaces(), transaction.atomic():
        due = LeadScore.objects.filter(due_at__lte=now)
        claimed = due.select_for_update(skip_locked=True, of=("self",), no_key=True).order_by("due_at")
        rows = list(claimed.values_list("workspace_id", "lead_id")[:BATCH])
        if not rows:
            return False
        workspace_id = rows[0][0]
        with workspace_scope(workspace_id):
            score_leads([lead for workspace, lead in rows if workspace == workspace_id], now=now)
    return True


def rescore_workspace(*, workspace: Workspace, now: datetime) -> int:
    """All leads of the workspace, whatever is due; the count of them."""
    count, after = 0, 0
    while batch := list(
        Lead.objects.filter(workspace=workspace, pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]
    ):
        with transaction.atomic():
            score_leads(batch, now=now)
        count, after = count + len(batch), batch[-1]
    return count


def score_leads(lead_ids: Sequence[int], *, now: datetime) -> None:
    """Five statements, however many leads. They belong to the workspace whose scope is open."""
    leads = list(Lead.objects.filter(pk__in=lead_ids).select_related("workspace"))
    evidence = gather_evidence(leads, now)
    rows = [_row(lead, evidence[lead.pk], now) for lead in leads]
    LeadScore.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["lead"],
        update_fields=["engagement", "intent", "fit", "parts", "computed_at", "due_at"],
    )


def gather_evidence(leads: Iterable[Lead], now: datetime) -> dict[int, Evidence]:
    by_id = {lead.pk: lead for lead in leads}
    deeds = _deeds(by_id, now)
    intents = _intents(by_id, now)
    facts: dict[int, dict[str, str]] = defaultdict(dict)
    for lead_id, field, value in LeadFact.objects.filter(lead__in=by_id, superseded_at=None).values_list(
        "lead_id", "field", "value"
    ):
        facts[lead_id][field] = value
    opinions = dict(LeadScore.objects.filter(lead__in=by_id).values_list("lead_id", "opinion"))
    return {
        pk: Evidence(
            deeds=deeds[pk],
            intents=intents[pk],
            facts={"company": lead.company, "full_name": lead.name, "email": lead.email} | facts[pk],
            business=lead.workspace.business,
            opinion=opinions.get(pk),
        )
        for pk, lead in by_id.items()
    }


def _deeds(leads: Iterable[int], now: datetime) -> dict[int, dict[str, int]]:
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    recent = Activity.objects.filter(lead__in=list(leads), at__gt=now - WINDOW)
    for lead_id, kind, count in recent.values_list("lead_id", "kind").annotate(Count("id")).order_by():
        counted[lead_id][kind] = count
    return counted


def _intents(leads: Iterable[int], now: datetime) -> dict[int, dict[str, int]]:
    counted: dict[int, dict[str, int]] = defaultdict(dict)
    recent = Turn.objects.filter(lead__in=list(leads), state="done", finished_at__gt=now - WINDOW)
    rows = recent.values_list("lead_id", "analysis__intent").annotate(Count("id")).order_by()
    for lead_id, name, count in rows:
        if name:
            counted[lead_id][name] = count
    return counted


def _row(lead: Lead, evidence: Evidence, now: datetime) -> LeadScore:
    scores = {"engagement": engagement(evidence), "intent": intent(evidence), "fit": fit(evidence)}
    ages = bool(evidence.deeds or evidence.intents)
    return LeadScore(
        workspace_id=lead.workspace_id,
        lead=lead,
        engagement=scores["engagement"].value,
        intent=scores["intent"].value,
        fit=scores["fit"].value,
        parts={name: _parts(score) for name, score in scores.items()},
        computed_at=now,
        due_at=now + LOOK_AGAIN if ages else None,
    )


def _parts(score: Score) -> list[list[Any]]:
    return [[what, points] for what, points in score.parts]
