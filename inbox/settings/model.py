"""Which models think, what that costs, and how much it may cost."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpResponse
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods

from agents.models import ModelLimits
from agents.primary.settings import model_settings
from agents.spending.limits import FIELDS, set_model_limits
from agents.spending.reports import CostReport, chosen_days, report_costs
from agents.spending.troubles import meaning_of, open_troubles
from inbox.desk import DeskRequest, at_desk
from project.kernel import clock
from project.kernel.errors import WrongValues

from .page import Refusal, refusals_in, saved, settings_page

SPANS = (("7", "7 days"), ("30", "30 days"), ("90", "90 days"))
LABELS = {
    "per_conversation": "For one conversation",
    "per_day": "For a day",
    "per_month": "For a calendar month",
}


CREWS = {
    "intent": "Reading the message",
    "strategy": "Choosing the next step",
    "reply": "Wording the reply",
    "extraction": "Noting facts about the customer",
    "product": "Reading a product's page",
}
"""What a prompt's name means to a person; another is shown as it is."""


class LimitsForm(forms.Form):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in FIELDS:
            self.fields[name] = forms.DecimalField(
                label=LABELS[name],
                required=False,
                min_value=Decimal(0),
                max_digits=10,
                decimal_places=4,
                help_text=_general(settings.MODEL_LIMITS[name]),
                widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
            )


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def model(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    form = LimitsForm(request.POST or None, initial=_initial(workspace.pk))
    if form.is_valid():
        try:
            with refusals_in(form):
                set_model_limits(workspace=workspace, values=form.cleaned_data, now=clock.now())
            return saved(request, "settings_model", "Saved. The limits hold from the next answer on.")
        except Refusal:
            pass
    report = _report(request)
    return settings_page(
        request,
        "settings_model",
        "model",
        form=form,
        report=report,
        days=_columns(report),
        crews=[(CREWS.get(part.name, part.name), part) for part in report.by_crew],
        failures=list(report.by_failure.items()),
        without_model=_percent(report.share_of_turns_without_model),
        resolved_without_model=_percent(report.share_resolved_without_model),
        budget=f"{settings.REASONING_BUDGET_SECONDS:g}",
        chain=_chain(),
        troubles=[(trouble, meaning_of(trouble)) for trouble in open_troubles(workspace)],
        spans=[(days, label, days == str((report.until - report.since).days + 1)) for days, label in SPANS],
    )


def _general(limit: Decimal | None) -> str:
    return f"Empty: the installation's, {limit:f}." if limit is not None else "Empty: no limit."


def _initial(workspace_id: int) -> dict[str, Decimal]:
    row = ModelLimits.objects.filter(workspace_id=workspace_id).values(*FIELDS).first() or {}
    return {name: value.normalize() for name, value in row.items() if value is not None}


def _report(request: DeskRequest) -> CostReport:
    """An address typed by hand shows the usual span rather than an error."""
    workspace, now = request.desk.workspace, clock.now()
    try:
        since, until = chosen_days(workspace, since=_since(request), until=None, now=now)
    except WrongValues:
        since, until = chosen_days(workspace, since=None, until=None, now=now)
    return report_costs(workspace=workspace, since=since, until=until)


def _since(request: DeskRequest) -> date | None:
    asked = request.GET.get("days", "")
    if asked in dict(SPANS):
        today = clock.now().astimezone(request.desk.zone).date()
        return today - timedelta(days=int(asked) - 1)
    try:
        return parse_date(request.GET.get("since", ""))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class Column:
    """A day in the drawing, which is 100 high."""

    day: date
    cost: Decimal
    height: int

    @property
    def top(self) -> int:
        return 100 - self.height


def _columns(report: CostReport) -> list[Column]:
    dearest = max((cost for _, cost in report.by_day), default=Decimal(0))
    return [Column(day, cost, int(100 * cost / dearest) if dearest else 0) for day, cost in report.by_day]


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.0%}"


def _chain() -> list[tuple[str, str, str]]:
    """Model, host and cheaper model, in the order in which they are asked; never a key."""
    first = model_settings()
    endpoints = first.endpoints if first else ()
    return [(endpoint.model, endpoint.address, endpoint.cheaper_model) for endpoint in endpoints]
