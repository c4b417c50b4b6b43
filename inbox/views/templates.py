"""Choosing a template for a customer whose service window has closed: a page of its own, which works anywhere."""

from typing import Any
from uuid import uuid4

from django import forms
from django.http import HttpResponse
from django.shortcuts import redirect
from django.shortcuts import render as render_page
from django.views.decorators.http import require_http_methods

from agents import coordinator
from crm.access import NotFound
from handover.models import Handover
from handover.models.handovers import HandoverState
from inbox.desk import DeskRequest, at_desk
from inbox.settings.page import Refusal, refusals_in
from messaging.access import access_conversation
from messaging.models import Conversation, MessageTemplate
from messaging.models.templates import TemplatePurpose
from messaging.services.template_choices import choosable, choose_template, first_values, suggested, words_in
from messaging.services.template_forms import text_of
from project.kernel import clock


class ValuesForm(forms.Form):
    """One field for each variable; `initial` is what is known of the customer."""

    def __init__(self, template: MessageTemplate, known: dict[str, str], values: Any = None) -> None:
        super().__init__(values)
        for key, example in template.variables.items():
            self.fields[f"value_{key}"] = forms.CharField(
                label=f"{{{{{key}}}}}",
                max_length=1600,
                initial=known.get(key, ""),
                help_text=f"Such as: {example}" if example else "",
            )

    @property
    def given(self) -> dict[str, str]:
        return {name.removeprefix("value_"): text for name, text in self.cleaned_data.items()}


@require_http_methods(["GET", "POST"])
@at_desk("reply")
def choose(request: DeskRequest, conversation_id: int) -> HttpResponse:
    """GET: which, and with `template`, how it reads. POST sends it."""
    conversation = access_conversation(request.desk.user, request.desk.workspace, conversation_id, "reply")
    found = choosable(conversation)
    chosen = _chosen(request, found)
    if chosen is None:
        return _page(request, conversation, found, None, None)
    form = ValuesForm(chosen, first_values(chosen, conversation, request.desk.user), request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            with refusals_in(form):
                return _send(request, conversation, chosen, form)
        except Refusal:
            pass
    return _page(request, conversation, found, chosen, form)


def _send(request: DeskRequest, conversation: Conversation, chosen: MessageTemplate, form: ValuesForm) -> HttpResponse:
    picked = choose_template(chosen, conversation, form.given)
    coordinator.send_as_person(
        conversation=conversation,
        user=request.desk.user,
        body=words_in(picked),
        form=picked,
        key=request.POST.get("key") or None,
        now=clock.now(),
    )
    return redirect("inbox:thread", request.desk.workspace.slug, conversation.pk)


def _chosen(request: DeskRequest, found: list[MessageTemplate]) -> MessageTemplate | None:
    text = request.POST.get("template") or request.GET.get("template") or ""
    if not text:
        return None
    chosen = next((each for each in found if str(each.pk) == text), None)
    if chosen is None:
        raise NotFound("There is no such template for this conversation.")
    return chosen


def _page(
    request: DeskRequest,
    conversation: Conversation,
    found: list[MessageTemplate],
    chosen: MessageTemplate | None,
    form: ValuesForm | None,
) -> HttpResponse:
    context = {
        "section": "inbox",
        "conversation": conversation,
        "found": found,
        "suggestion": _suggestion(conversation) if chosen is None else None,
        "chosen": chosen,
        "form": form,
        "text": text_of(chosen, {}) if chosen else "",
        "key": uuid4().hex,
    }
    is_refused = bool(form and form.is_bound and form.errors)
    return render_page(request, "inbox/choose_template.html", context, status=422 if is_refused else 200)


def _suggestion(conversation: Conversation) -> MessageTemplate | None:
    """Who waits to be called back is written to with the template for that."""
    waits = Handover.objects.filter(conversation=conversation, state=HandoverState.CALLBACK).exists()
    return suggested(conversation, TemplatePurpose.CALLBACK) if waits else None
