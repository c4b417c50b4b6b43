"""Telling the AI what a customer's message meant."""

import json
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from agents.corrections import NothingToLearn, correct_reading
from agents.models.corrections import INTENTS
from agents.reasoning.ports import Intent
from crm.access import NotFound
from inbox.desk import DeskRequest, at_desk
from messaging.access import access_message
from messaging.models import Message
from project.kernel import clock

FIRST = ("human_request", "opt_out")
"""What is corrected most stands first; the rest follows by name."""
CHOICES = sorted(INTENTS, key=lambda choice: (choice[0] not in FIRST, choice[1]))


@require_http_methods(["GET", "POST"])
@at_desk("reply")
def reading(request: DeskRequest, conversation_id: int, message_id: UUID) -> HttpResponse:
    """The question, on a page of its own or in the thread for htmx; and its answer."""
    message = _message(request, conversation_id, message_id)
    if request.method == "POST":
        return _taught(request, message)
    return _asked(request, message, "")


def _message(request: DeskRequest, conversation_id: int, message_id: UUID) -> Message:
    message = access_message(request.desk.user, request.desk.workspace, message_id, "reply")
    if message.conversation_id != conversation_id:
        raise NotFound("There is no such message in this conversation.")
    return message


def _asked(request: DeskRequest, message: Message, wrong: str) -> HttpResponse:
    template = "inbox/reading.html#question" if request.htmx else "inbox/reading.html"
    asked = {"message": message, "choices": CHOICES, "wrong": wrong, "section": "inbox"}
    return render(request, template, asked, status=422 if wrong else 200)


def _taught(request: DeskRequest, message: Message) -> HttpResponse:
    chosen = request.POST.get("intent", "")
    if chosen not in dict(INTENTS):
        return _asked(request, message, "Choose what the message meant.")
    try:
        correct_reading(message=message, intent=Intent(chosen), user=request.desk.user, now=clock.now())
    except NothingToLearn as error:
        return _asked(request, message, str(error))
    thanks = "The AI has learned it: the same words are read like that from now on."
    if not request.htmx:
        messages.success(request, thanks)
        return redirect("inbox:thread", request.desk.workspace.slug, message.conversation_id)
    response = render(request, "inbox/reading.html#thanks", {"intent": dict(INTENTS)[chosen]})
    response["HX-Trigger"] = json.dumps({"notice": {"text": thanks}})
    return response
