"""What people say about a lead: enter, confirm, correct, take away. Each change is answered with the panel."""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from agents.qualification.corrections import correct_fact, tag_lead, untag_lead
from inbox.desk import DeskRequest, at_desk
from inbox.queries.facts import read_facts
from messaging.access import access_conversation
from messaging.models import Conversation
from project.kernel import clock
from project.kernel.commands import is_storable
from project.kernel.errors import WrongValues


@require_POST
@at_desk("reply")
def correct(request: DeskRequest, conversation_id: int) -> HttpResponse:
    conversation = _conversation(request, conversation_id)
    fact = {"field": _posted(request, "field"), "value": _posted(request, "value")}
    return _changed(
        request,
        conversation,
        lambda: correct_fact(lead=conversation.lead, user=request.desk.user, now=clock.now(), **fact),
    )


@require_POST
@at_desk("reply")
def tag(request: DeskRequest, conversation_id: int) -> HttpResponse:
    conversation = _conversation(request, conversation_id)
    name = _posted(request, "tag")
    return _changed(
        request,
        conversation,
        lambda: tag_lead(lead=conversation.lead, name=name, user=request.desk.user, now=clock.now()),
    )


@require_POST
@at_desk("reply")
def untag(request: DeskRequest, conversation_id: int) -> HttpResponse:
    conversation = _conversation(request, conversation_id)
    name = _posted(request, "tag")
    return _changed(
        request,
        conversation,
        lambda: untag_lead(lead=conversation.lead, name=name, user=request.desk.user, now=clock.now()),
    )


def _conversation(request: DeskRequest, conversation_id: int) -> Conversation:
    return access_conversation(request.desk.user, request.desk.workspace, conversation_id, "reply")


def _posted(request: DeskRequest, name: str) -> str:
    text = request.POST.get(name, "")
    return text if is_storable(text) else text.encode("utf-8", "ignore").decode().replace("\0", "")


def _changed(request: DeskRequest, conversation: Conversation, change: Callable[[], object]) -> HttpResponse:
    """The panel as it is now, or the reason why it is as it was."""
    wrong = ""
    try:
        change()
    except WrongValues as error:
        wrong = ". ".join(f"{name.replace('_', ' ').capitalize()} {why}" for name, why in error.problems.items())
    if not request.htmx:
        if wrong:
            messages.error(request, wrong)
        return redirect("inbox:thread", request.desk.workspace.slug, conversation.pk)
    lead = type(conversation.lead).objects.get(pk=conversation.lead_id)
    context = {
        "facts": read_facts(request.desk, lead, now=clock.now()),
        "conversation_id": conversation.pk,
        "wrong_fact": wrong,
    }
    return render(request, "inbox/_facts.html", context, status=422 if wrong else 200)
