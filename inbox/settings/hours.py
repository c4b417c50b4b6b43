"""When the team is there, and the days it is not."""

import re
from collections.abc import Iterable
from datetime import time
from typing import Any

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_http_methods, require_POST

from crm.models import Workspace
from handover.hours import Stretch
from handover.models import Holiday, OpeningHours
from handover.services.opening import set_opening_hours, write
from inbox.desk import DeskRequest, at_desk

from .page import Refusal, refusals_in, saved, settings_page

WRITTEN = re.compile(r"(\d{1,2})(?:[:.h](\d{2}))?\s*(?:-|–|—|to)\s*(\d{1,2})(?:[:.h](\d{2}))?")
AROUND_THE_CLOCK, THESE_HOURS = "always", "hours"


class HoursForm(forms.Form):
    """One line for each weekday: `09:00–12:30, 14:00–18:00`; an empty one is a closed day."""

    when = forms.ChoiceField(
        choices=[(AROUND_THE_CLOCK, "Around the clock"), (THESE_HOURS, "At these hours")],
        widget=forms.RadioSelect,
        label="Open",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, label in OpeningHours.Weekday.choices:
            field = forms.CharField(required=False, max_length=120, label=label)
            field.widget.attrs.update(placeholder="closed", autocomplete="off")
            self.fields[str(number)] = field

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        self.stretches: list[Stretch] = []
        if cleaned.get("when") != THESE_HOURS:
            return cleaned
        for number in OpeningHours.Weekday.values:
            self.stretches += self._stretches_of(number, cleaned.get(str(number), ""))
        if not self.stretches and not self.errors:
            self.add_error("when", "Give the hours of at least one day, or choose “Around the clock”.")
        return cleaned

    def _stretches_of(self, weekday: int, line: str) -> Iterable[Stretch]:
        for part in filter(None, (part.strip() for part in line.split(","))):
            stretch = read_stretch(weekday, part)
            if stretch is None:
                self.add_error(str(weekday), f"“{part}” is not like 09:00–18:00.")
            else:
                yield stretch


def read_stretch(weekday: int, text: str) -> Stretch | None:
    found = WRITTEN.fullmatch(text)
    if not found:
        return None
    hours = [int(part or 0) for part in found.groups()]
    try:
        return Stretch(weekday, time(hours[0], hours[1]), time(hours[2] % 24 if hours[2] == 24 else hours[2], hours[3]))
    except ValueError:
        return None


class HolidayForm(forms.ModelForm):
    class Meta:
        model = Holiday
        fields = ["date", "name"]
        widgets = {"date": forms.DateInput(attrs={"type": "date"})}

    def clean_date(self) -> Any:
        day = self.cleaned_data["date"]
        if Holiday.objects.filter(workspace=self.instance.workspace, date=day).exists():
            raise forms.ValidationError(f"{day:%d %B %Y} is a closed day already.")
        return day


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def hours(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    form = HoursForm(request.POST or None, initial=_written(workspace))
    if form.is_valid():
        try:
            with refusals_in(form):
                set_opening_hours(workspace=workspace, stretches=form.stretches)
            return saved(request, "settings_hours", "Saved.")
        except Refusal:
            pass
    return _page(request, form, HolidayForm())


@require_POST
@at_desk("configure")
def add_holiday(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    form = HolidayForm(request.POST, instance=Holiday(workspace=workspace))
    if form.is_valid():
        form.save()
        return saved(request, "settings_hours", "Added.")
    return _page(request, HoursForm(initial=_written(workspace)), form)


@require_POST
@at_desk("configure")
def remove_holiday(request: DeskRequest, holiday_id: int) -> HttpResponse:
    get_object_or_404(Holiday.objects, pk=holiday_id).delete()
    return saved(request, "settings_hours", "Removed.")


def _page(request: DeskRequest, form: HoursForm, holiday_form: HolidayForm) -> HttpResponse:
    holidays = list(Holiday.objects.order_by("date"))
    return settings_page(request, "settings_hours", "hours", form=form, holiday_form=holiday_form, holidays=holidays)


def _written(workspace: Workspace) -> dict[str, str]:
    lines: dict[str, list[str]] = {}
    for row in OpeningHours.objects.filter(workspace=workspace).order_by("weekday", "opens"):
        lines.setdefault(str(row.weekday), []).append(write(Stretch(row.weekday, row.opens, row.closes)))
    weekdays = {weekday: ", ".join(parts) for weekday, parts in lines.items()}
    return {"when": THESE_HOURS if lines else AROUND_THE_CLOCK, **weekdays}
