"""When and how often the workspace writes of its own accord."""

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from inbox.desk import DeskRequest, at_desk
from messaging.services.promotion import POLICY_FIELDS, sending_policy, set_sending_policy

from .page import Refusal, refusals_in, saved, settings_page


class SendingForm(forms.Form):
    quiet_from = forms.TimeField(
        label="Quiet hours begin", widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    quiet_to = forms.TimeField(
        label="Quiet hours end",
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        help_text="By the clock where the customer lives. The same time twice: no quiet hours.",
    )
    marketing_cap = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=100,
        label="Marketing messages to one customer",
        help_text="Over all channels. Empty: no cap.",
    )
    cap_days = forms.IntegerField(min_value=1, max_value=90, label="in so many days")


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def sending(request: DeskRequest) -> HttpResponse:
    policy = sending_policy(request.desk.workspace.pk)
    form = SendingForm(request.POST or None, initial={name: getattr(policy, name) for name in POLICY_FIELDS})
    if form.is_valid():
        try:
            with refusals_in(form):
                set_sending_policy(workspace_id=request.desk.workspace.pk, changes=form.cleaned_data)
            return saved(request, "settings_sending", "Saved. What waits is looked at by the new rules.")
        except Refusal:
            pass
    return settings_page(request, "settings_sending", "sending", form=form)
