"""Templates: what the providers have, what they are used for, and writing a new one."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.models import Lead
from crm.queries import lead_named
from inbox.desk import DeskRequest, at_desk
from messaging.access import access_channel, access_template, access_template_use
from messaging.models import Channel, MessageTemplate
from messaging.models.templates import TemplatePurpose, TemplateStatus
from messaging.services.reach import Reached, reached_by
from messaging.services.template_drafts import UnableToSubmit, create_template, sender_of, submit_template
from messaging.services.template_uses import preview_use, remove_use, set_use
from messaging.services.templates import templates_of
from messaging.services.upkeep import list_channel_templates
from messaging.templating import WORDS, Button, Draft, variables_in
from messaging.transports import TransportError, capabilities_of
from project.kernel import clock
from project.kernel.errors import WrongValues

from .page import Refusal, refusals_in, refused, saved, settings_page

TAB = "settings_templates"


@dataclass(frozen=True, slots=True)
class Account:
    """A sender with the templates of its account, and how many people it has reached today."""

    channel: Channel
    templates: tuple[MessageTemplate, ...]
    reached: Reached


class TemplateForm(forms.Form):
    name = forms.CharField(max_length=512, help_text="Small letters, digits and _, such as order_update.")
    language = forms.CharField(max_length=16, initial="en", help_text="As WhatsApp spells it: en, en_US, pt_BR.")
    category = forms.ChoiceField(
        choices=[("utility", "Utility: about something the customer has begun"), ("marketing", "Marketing")],
        help_text="WhatsApp may change it, and bills what it decides. Marketing only goes to who agreed to it.",
    )
    header = forms.CharField(required=False, max_length=60)
    body = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 5}),
        max_length=1600,
        help_text="Variables are {{1}}, {{2}}: not first, not last, not side by side, and with words around them.",
    )
    examples = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="An example of each variable, one on a line, in their order. Reviewers read them.",
    )
    footer = forms.CharField(required=False, max_length=60)
    replies = forms.CharField(
        required=False, label="Reply buttons", help_text="Up to three, parted by commas: Yes, Not now."
    )
    link_text = forms.CharField(required=False, max_length=20, label="Link button")
    link_url = forms.CharField(required=False, max_length=2000, label="Where it leads", help_text="An https address.")

    def draft(self) -> Draft:
        given = self.cleaned_data
        keys = variables_in(given["body"])
        examples = [line.strip() for line in given["examples"].splitlines() if line.strip()]
        replies = [Button("quick_reply", word.strip()) for word in given["replies"].split(",") if word.strip()]
        link = [Button("url", given["link_text"], given["link_url"])] if given["link_text"] or given["link_url"] else []
        return Draft(
            name=given["name"].strip(),
            language=given["language"].strip().replace("-", "_"),
            category=given["category"],
            body=given["body"].replace("\r\n", "\n"),
            header=given["header"],
            footer=given["footer"],
            buttons=(*replies, *link),
            examples=dict(zip(keys, examples, strict=False)),
        )


class UseForm(forms.Form):
    purpose = forms.ChoiceField(choices=TemplatePurpose.choices, label="Stands in for")

    def __init__(self, template: MessageTemplate, values: Any = None) -> None:
        super().__init__(values)
        for key, example in template.variables.items():
            self.fields[f"value_{key}"] = forms.CharField(
                label=f"{{{{{key}}}}} is filled with",
                max_length=500,
                initial="{first_name|there}" if key == "1" else "",
                help_text=f"Example: {example}" if example else "",
            )

    @property
    def given(self) -> dict[str, str]:
        start = "value_"
        return {name.removeprefix(start): text for name, text in self.cleaned_data.items() if name.startswith(start)}


@require_GET
@at_desk("configure")
def templates(request: DeskRequest) -> HttpResponse:
    now = clock.now()
    accounts = [
        Account(channel, tuple(templates_of(channel).order_by("name", "language")), reached_by(channel, now))
        for channel in _senders()
    ]
    return settings_page(request, TAB, "templates", accounts=accounts)


@require_POST
@at_desk("configure")
def ask(request: DeskRequest, channel_id: int) -> HttpResponse:
    """Read the provider's list now."""
    channel = _channel(request, channel_id)
    try:
        told = list_channel_templates(channel, clock.now())
    except TransportError as error:
        messages.error(request, f"{channel}: the templates could not be read: {error.detail or error.code}.")
        return redirect(f"inbox:{TAB}", request.desk.workspace.slug)
    unread = f" {told.unreadable} could not be read." if told.unreadable else ""
    return saved(request, TAB, f"{channel} has {told.total} templates; {told.new} are new.{unread}")


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def add_template(request: DeskRequest, channel_id: int) -> HttpResponse:
    channel = _channel(request, channel_id)
    form = TemplateForm(request.POST or None)
    if form.is_valid():
        try:
            with refusals_in(form):
                made = create_template(channel=channel, draft=form.draft(), user=request.desk.user, now=clock.now())
            return saved(request, TAB, f"{made} waits for approval. That takes minutes, sometimes a day.")
        except Refusal:
            pass
        except UnableToSubmit as error:
            form.add_error(None, str(error))
    return settings_page(request, TAB, "new_template", form=form, channel=channel)


@require_http_methods(["GET", "POST"])
@at_desk("configure")
def template(request: DeskRequest, template_id: int) -> HttpResponse:
    """One template: how it reads, what it is used for, what became of it. POST lets it stand in for something."""
    found = access_template(request.desk.user, request.desk.workspace, template_id, "configure")
    form = UseForm(found, request.POST or None)
    if form.is_valid():
        try:
            with refusals_in(form):
                set_use(template=found, purpose=form.cleaned_data["purpose"], values=form.given)
            messages.success(request, "Saved.")
            return redirect("inbox:settings_template", request.desk.workspace.slug, template_id)
        except Refusal:
            pass
    uses = list(found.uses.order_by("purpose"))
    lead, unknown = _lead(request)
    shown = preview_use(template=found, values=uses[0].values if uses else {}, lead=lead)
    return settings_page(
        request,
        TAB,
        "template",
        form=form,
        one=found,
        uses=uses,
        preview=shown,
        lead=lead,
        searched=request.GET.get("lead", ""),
        unknown=unknown,
        words=WORDS,
        changes=found.changes.select_related("user").order_by("-id")[:30],
        is_draft=found.status == TemplateStatus.DRAFT,
    )


@require_POST
@at_desk("configure")
def submit(request: DeskRequest, template_id: int) -> HttpResponse:
    found = access_template(request.desk.user, request.desk.workspace, template_id, "configure")
    category = request.POST.get("category") or found.category or "utility"
    asked: dict[str, Any] = {"template": found, "category": category, "user": request.desk.user}
    try:
        submit_template(channel=sender_of(found), now=clock.now(), **asked)
    except (UnableToSubmit, WrongValues) as error:
        return refused(request, TAB, error)
    return saved(request, TAB, f"{found} waits for approval.")


@require_POST
@at_desk("configure")
def remove(request: DeskRequest, use_id: int) -> HttpResponse:
    use = access_template_use(request.desk.user, request.desk.workspace, use_id)
    remove_use(use=use)
    messages.success(request, "It stands in for that no more.")
    return redirect("inbox:settings_template", request.desk.workspace.slug, use.template_id)


def _channel(request: DeskRequest, channel_id: int) -> Channel:
    return access_channel(request.desk.user, request.desk.workspace, channel_id)


def _senders() -> list[Channel]:
    return [each for each in Channel.objects.order_by("created_at", "pk") if capabilities_of(each.kind).templates]


def _lead(request: DeskRequest) -> tuple[Lead | None, str]:
    text = request.GET.get("lead", "").strip().replace("\0", "")[:200]
    if not text:
        return None, ""
    try:
        return lead_named(request.desk.workspace, text), ""
    except WrongValues as error:
        return None, error.problems["lead"]
