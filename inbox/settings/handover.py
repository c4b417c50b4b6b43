"""The handover policy: the ladder, edited on its own drawing, and its words with a preview."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from handover import wording
from handover.models import HandoverPolicy
from handover.models.handovers import Rung
from handover.services.policies import FIELDS, WrongMinutes, check_minutes, policy_of
from inbox.desk import DeskRequest, at_desk
from inbox.queries.ladder import AHEAD

from .page import ShortNumbers, saved, settings_page

MINUTES = list(FIELDS.values())
FACTORS = ["urgent_factor", "vip_factor"]
TEXTS = ["acknowledgement_text", "update_text", "bridge_text", "after_hours_text", "resume_text"]
WITH_LINK = ("bridge_text", "after_hours_text")
EXAMPLE = {
    "name": "Helena",
    "company": "Prado Clínicas",
    "waited": "45 minutes",
    "request": "I need a discount and someone to look at the contract",
    "link": "https://calendly.com/d/abcd-123/a-call",
    "greeting": "Hi Helena, ",
    "name_comma": ", Helena",
    "for_company": " for Prado Clínicas",
    "opens": " and back Monday at 09:00",
}


@dataclass(frozen=True, slots=True)
class RungField:
    """One rung on the drawing and the number field that it moves."""

    field: Any
    word: str
    rung: str


class PolicyForm(ShortNumbers, forms.ModelForm):
    class Meta:
        model = HandoverPolicy
        fields = [*MINUTES, *FACTORS, *TEXTS]
        labels = {
            "alert_minutes": "Alert the team again",
            "update_minutes": "Tell the customer we are still here",
            "bridge_minutes": "Offer a booked call",
            "resume_minutes": "The AI resumes, and says so",
            "urgent_factor": "Urgent requests",
            "vip_factor": "VIP customers",
            "acknowledgement_text": "At once, when a person is asked for",
            "update_text": "The update",
            "bridge_text": "The booking link",
            "after_hours_text": "The booking link after hours",
            "resume_text": "When the AI resumes",
        }
        help_texts = {
            "urgent_factor": "climb in this share of the time: 0.5 halves every wait.",
            "vip_factor": "climb in this share of the time.",
        }
        widgets = {
            **{name: forms.NumberInput(attrs={"step": "any", "min": "0"}) for name in MINUTES},
            **{name: forms.NumberInput(attrs={"step": "0.05", "min": "0.05", "max": "1"}) for name in FACTORS},
            **{name: forms.Textarea(attrs={"rows": 3, "data-preview": ""}) for name in TEXTS},
        }

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        minutes = [float(cleaned[name]) for name in MINUTES if cleaned.get(name) is not None]
        if len(minutes) == len(MINUTES):
            self._check_ladder(minutes)
        for name in TEXTS:
            self._check_text(name, cleaned.get(name, ""))
        return cleaned

    def _check_ladder(self, minutes: list[float]) -> None:
        """The complaint stands at the first rung that is wrong."""
        for count in range(1, len(minutes) + 1):
            try:
                check_minutes([*minutes[:count], *_after(minutes[count - 1], len(minutes) - count)])
            except WrongMinutes as error:
                self.add_error(MINUTES[count - 1], f"{error}.")
                return

    def _check_text(self, name: str, text: str) -> None:
        try:
            wording.check_template(text)
        except wording.UnknownPlaceholder as error:
            self.add_error(name, str(error))
        if text and name in WITH_LINK and "{link}" not in text:
            self.add_error(name, "{link} is missing: without it nobody can book.")

    def save(self, commit: bool = True) -> Any:
        if commit and self.changed_data:
            self.instance.save(update_fields=self.changed_data)
        return self.instance


def _after(value: float, count: int) -> list[float]:
    """Made-up later rungs, so that the rungs up to `value` can be checked alone."""
    return [value + 1e-6 * number for number in range(1, count + 1)]


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def policy(request: DeskRequest) -> HttpResponse:
    form = PolicyForm(request.POST or None, instance=policy_of(request.desk.workspace))
    if form.is_valid():
        form.save()
        return saved(request, "settings_handover", "Saved. Ladders that are already running keep their times.")
    rungs = [RungField(form[field], AHEAD[rung], Rung(rung).value) for rung, field in FIELDS.items()]
    return settings_page(
        request,
        "settings_handover",
        "handover",
        form=form,
        rungs=rungs,
        factors=[form[name] for name in FACTORS],
        texts=[form[name] for name in TEXTS],
        example=EXAMPLE,
    )
