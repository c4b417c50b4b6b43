"""Whether there is still money for a model: soft limits, judged before each answer.

Answers thought at the same moment do not see one another's cost: a limit may be passed by what is under way.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Q, Sum

from agents.models import ModelCall, ModelDay, ModelLimits
from agents.reasoning.budget import Limits, Spent, Verdict, judge_spending
from agents.reasoning.ports import ModelSettings
from crm.models import Workspace

FIELDS = ("per_conversation", "per_day", "per_month")


def judge_budget(*, workspace: Workspace, now: datetime, conversation_id: int | None = None) -> Verdict:
    limits = limits_of(workspace)
    if limits == Limits():
        return judge_spending(Spent(), limits)
    return judge_spending(_spent(workspace, conversation_id, now), limits)


def affordable(model: ModelSettings, verdict: Verdict) -> ModelSettings | None:
    """The model that the verdict still allows."""
    return {"full": model, "frugal": model.frugal(), "offline": None}[verdict.thrift]


def limits_of(workspace: Workspace) -> Limits:
    """The workspace's own where it has set one, else the installation's."""
    own = ModelLimits.objects.filter(workspace=workspace).values(*FIELDS).first() or {}
    values = {name: _first(own.get(name), settings.MODEL_LIMITS[name]) for name in FIELDS}
    return Limits(values["per_conversation"], values["per_day"], values["per_month"])


def set_model_limits(*, workspace: Workspace, values: Mapping[str, Decimal | None], now: datetime) -> ModelLimits:
    """Raises ValidationError for a limit below nothing. None: the installation's own limit holds."""
    limits = ModelLimits.objects.filter(workspace=workspace).first() or ModelLimits(workspace=workspace)
    for name in values:
        setattr(limits, name, values[name])
    limits.full_clean()
    limits.save()
    return limits


def _spent(workspace: Workspace, conversation_id: int | None, now: datetime) -> Spent:
    today = now.astimezone(workspace.zone).date()
    days = ModelDay.objects.filter(workspace=workspace, day__gte=today.replace(day=1), day__lte=today)
    sums: dict[str, Any] = days.aggregate(day=Sum("cost", filter=Q(day=today)), month=Sum("cost"))
    calls = ModelCall.objects.filter(conversation_id=conversation_id) if conversation_id else ModelCall.objects.none()
    spent = calls.aggregate(cost=Sum("cost"))["cost"]
    return Spent(spent or Decimal(0), sums["day"] or Decimal(0), sums["month"] or Decimal(0))


def _first(own: Decimal | None, general: Decimal | None) -> Decimal | None:
    return general if own is None else own
