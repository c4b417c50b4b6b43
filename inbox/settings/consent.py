"""How the workspace asks for consent, and the list of whoever must get no marketing."""

import re
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.models import Suppression
from crm.services.consent_exports import write_ledger
from crm.services.policies import change_people_policy, people_policy_of
from crm.services.suppression_lists import MOST_BYTES, read_list, write_list
from inbox.csv_files import csv_file
from inbox.desk import DeskRequest, at_desk
from inbox.people import import_list
from project.kernel import clock

from .page import Refusal, refusals_in, saved, settings_page

KEPT_ON_PAGE = 500_000
"""A longer list is not sent back and forth: browsers and Django's own limit would choke on it."""


class PolicyForm(forms.Form):
    opt_in_keywords = forms.CharField(
        required=False,
        max_length=2000,
        label="Words that agree to news",
        help_text="One a line, such as NEWS. A customer who writes one of them and nothing else agrees to marketing on "
        "that channel, and is told so once.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    opt_in_text = forms.CharField(
        required=False,
        max_length=4000,
        label="What people read where you advertise these words",
        help_text="It is kept with each consent, as it was on that day.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    double_opt_in = forms.BooleanField(required=False, label="Ask for a confirmation by e-mail before news by e-mail")
    merges_by_rule = forms.BooleanField(
        required=False, label="Merge two leads by itself when a provider names them as one person"
    )


class ListForm(forms.Form):
    source = forms.CharField(max_length=64, label="What the list is called", initial="Suppression list")
    file = forms.FileField(
        required=False, label="CSV file", widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv"})
    )
    text = forms.CharField(
        required=False,
        strip=False,
        label="Or paste it",
        help_text="A header of phone, email, reason; or one number or address a line. Numbers need their country code.",
        widget=forms.Textarea(attrs={"rows": 4}),
    )

    def clean_file(self) -> UploadedFile | None:
        given: UploadedFile | None = self.cleaned_data["file"]
        if given is not None and (given.size or 0) > MOST_BYTES:
            raise forms.ValidationError(f"The file is larger than {MOST_BYTES // 1024 // 1024} MB; split it.")
        return given

    @property
    def content(self) -> bytes | str:
        given = self.cleaned_data["file"]
        return given.read() if given is not None else self.cleaned_data["text"]


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def consent(request: DeskRequest) -> HttpResponse:
    form = PolicyForm(request.POST or None, initial=_stored(request))
    if form.is_valid():
        values = {**form.cleaned_data}
        keywords = re.split(r"[\n,;]+", values.pop("opt_in_keywords"))
        try:
            with refusals_in(form):
                change_people_policy(workspace=request.desk.workspace, keywords=keywords, **values)
            return saved(request, "settings_consent", "Saved.")
        except Refusal:
            pass
    return _page(request, form=form, list_form=ListForm())


@require_POST
@at_desk("configure")
def take_list(request: DeskRequest) -> HttpResponse:
    """Shows what the list holds first; the second press takes it in."""
    desk = request.desk
    form = ListForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            with refusals_in(form):
                content = form.content
                read = read_list(content)
        except Refusal:
            return _page(request, list_form=form)
        is_preview = "take" not in request.POST
        source = form.cleaned_data["source"]
        taken = import_list(desk.workspace, read, source, desk.user, is_preview=is_preview, now=clock.now())
        if not is_preview:
            return saved(request, "settings_consent", _told(taken))
        text = content.decode("utf-8-sig") if isinstance(content, bytes) else content
        text = text if len(text) <= KEPT_ON_PAGE else ""
        return _page(request, list_form=ListForm(initial={"source": source, "text": text}), preview=taken, text=text)
    return _page(request, list_form=form)


@require_GET
@at_desk("configure")
def export_list(request: DeskRequest) -> HttpResponse:
    return csv_file(write_list(request.desk.workspace), "suppressions.csv")


@require_GET
@at_desk("configure")
def export_ledger(request: DeskRequest) -> HttpResponse:
    return csv_file(write_ledger(request.desk.workspace), "consent.csv")


def _told(taken: dict[str, Any]) -> str:
    left = f" {taken['wrong']} lines could not be read." if taken["wrong"] else ""
    return f"{taken['added']} added, {taken['known']} were there; {taken['leads']} leads get no more marketing.{left}"


def _page(request: DeskRequest, **context: Any) -> HttpResponse:
    form = PolicyForm(initial=_stored(request))
    count = Suppression.objects.filter(workspace=request.desk.workspace, lifted_at=None).count()
    return settings_page(request, "settings_consent", "consent", **{"form": form, "count": count, **context})


def _stored(request: DeskRequest) -> dict[str, Any]:
    policy = people_policy_of(request.desk.workspace)
    return {
        "opt_in_keywords": "\n".join(policy.opt_in_keywords),
        "opt_in_text": policy.opt_in_text,
        "double_opt_in": policy.double_opt_in,
        "merges_by_rule": policy.merges_by_rule,
    }
