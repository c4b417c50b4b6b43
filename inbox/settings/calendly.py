"""The Calendly account behind the booking links."""

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods, require_POST

from handover.models import CalendlyConnection
from handover.services.connections import CALENDLY, connect_calendly, webhook_url_of
from inbox.desk import DeskRequest, at_desk
from project.kernel import clock

from .page import Refusal, refusals_in, saved, settings_page

SECRET = forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})


class CalendlyForm(forms.Form):
    token = forms.CharField(label="Access token", widget=SECRET, help_text="Sealed when stored, never shown again.")
    event_type = forms.CharField(
        label="Event type", help_text="Its address in the API, such as https://api.calendly.com/event_types/AAAA."
    )
    signing_key = forms.CharField(
        label="Webhook signing key", widget=SECRET, help_text="The one you gave with the webhook subscription."
    )
    api_base = forms.CharField(label="Calendly's address", required=False, help_text=f"Empty: {CALENDLY}.")


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def calendly(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    connection = CalendlyConnection.objects.filter(workspace=workspace).first()
    form = CalendlyForm(request.POST or None, initial=_initial(connection))
    if form.is_valid():
        values = {name: value for name, value in form.cleaned_data.items() if value}
        try:
            with refusals_in(form):
                connect_calendly(workspace=workspace, values=values, now=clock.now())
            return saved(request, "settings_calendly", "Connected.")
        except Refusal:
            pass
    webhook_url = webhook_url_of(connection) if connection else ""
    return settings_page(
        request, "settings_calendly", "calendly", form=form, connection=connection, webhook_url=webhook_url
    )


@require_POST
@at_desk("configure")
def disconnect(request: DeskRequest) -> HttpResponse:
    CalendlyConnection.objects.filter(workspace=request.desk.workspace).delete()
    return saved(request, "settings_calendly", "Disconnected. The booking address under General serves now.")


def _initial(connection: CalendlyConnection | None) -> dict[str, str]:
    if connection is None:
        return {}
    return {
        "event_type": connection.event_type,
        "api_base": "" if connection.api_base == CALENDLY else connection.api_base,
    }
