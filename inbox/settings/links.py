"""Which messages carry tracked links."""

from django import forms
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from inbox.desk import DeskRequest, at_desk
from messaging.models import LinkPolicy
from messaging.services.links import change_link_policy, link_policy_of

from .page import Refusal, refusals_in, saved, settings_page


class LinksForm(forms.ModelForm):
    class Meta:
        model = LinkPolicy
        fields = ["tracks_marketing", "tracks_service", "adds_utm", "valid_days", "untracked_hosts"]
        labels = {
            "tracks_marketing": "In marketing messages",
            "tracks_service": "In answers and other service messages",
            "adds_utm": "Add utm_source, utm_medium and utm_campaign where there are none",
            "valid_days": "A link leads somewhere for (days)",
            "untracked_hosts": "Never track",
        }
        help_texts = {"untracked_hosts": "Hosts, one a line; those below them too. Calendly's never are."}
        widgets = {"untracked_hosts": forms.Textarea(attrs={"rows": 3})}

    valid_days = forms.IntegerField(min_value=1, max_value=730, label="A link leads somewhere for (days)")


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def links(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    form = LinksForm(request.POST or None, instance=link_policy_of(workspace.pk))
    if form.is_valid():
        try:
            with refusals_in(form):
                change_link_policy(workspace=workspace, changes=form.cleaned_data)
            return saved(request, "settings_links", "Saved, for messages from now on.")
        except Refusal:
            pass
    return settings_page(request, "settings_links", "links", form=form)
