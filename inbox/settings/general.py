"""The workspace itself."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from crm.models import Workspace
from inbox.desk import DeskRequest, at_desk

from .page import ShortNumbers, saved, settings_page


class GeneralForm(ShortNumbers, forms.ModelForm):
    booking_url = forms.URLField(
        max_length=200,
        assume_scheme="https",
        required=False,
        label="Booking address",
        help_text="Offered by the handover ladder while no Calendly account is connected.",
    )
    debounce_seconds = forms.FloatField(
        min_value=0,
        max_value=60,
        label="Wait for the customer to finish (seconds)",
        help_text="People type in pieces. The agent answers this long after the last one.",
    )
    auto_return_minutes = forms.FloatField(
        min_value=0.05,
        max_value=7 * 24 * 60,
        required=False,
        label="Return to the AI after (minutes)",
        help_text="When a colleague took over and then stays silent this long. Empty: never by itself.",
    )

    doubt_minutes = forms.FloatField(
        min_value=1,
        max_value=60,
        label="Wait for a provider's answer (minutes)",
        help_text="When nobody knows whether a message arrived, the next words wait this long; then a person decides.",
    )

    max_discount_percent = forms.FloatField(
        min_value=0,
        max_value=100,
        initial=0,
        required=False,
        label="Largest discount the agents may speak of (%)",
        help_text="Who asks for more gets a person. Discounts that your knowledge names are always yours to give.",
    )

    class Meta:
        model = Workspace
        fields = [
            "name", "timezone", "business", "booking_url", "debounce_seconds", "auto_return_minutes", "doubt_minutes",
            "max_discount_percent",
        ]  # fmt: skip
        labels = {"timezone": "Time zone", "business": "What the company does"}
        help_texts = {
            "timezone": "Opening hours and the times on these screens follow it.",
            "business": "The agents read this before they answer: what you sell, to whom, in which tone.",
        }
        widgets = {
            "timezone": forms.TextInput(attrs={"list": "zones", "autocomplete": "off", "spellcheck": "false"}),
            "business": forms.Textarea(attrs={"rows": 5, "maxlength": 8000}),
        }

    def clean_max_discount_percent(self) -> float:
        """Left out or emptied, it is what it was."""
        given = self.cleaned_data["max_discount_percent"]
        return float(self.instance.max_discount_percent if given is None else given)

    def save(self, commit: bool = True) -> Any:
        # only what was changed here: another editor's field is not written back
        if commit and self.changed_data:
            self.instance.save(update_fields=self.changed_data)
        return self.instance


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def general(request: DeskRequest) -> HttpResponse:
    workspace = Workspace.objects.get(pk=request.desk.workspace.pk)
    form = GeneralForm(request.POST or None, instance=workspace)
    if form.is_valid():
        form.save()
        return saved(request, "settings", "Saved.")
    return settings_page(request, "settings", "general", form=form, zones=sorted(available_timezones()))
