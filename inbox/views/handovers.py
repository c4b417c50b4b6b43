"""The handover queue."""

import json

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from handover.access import access_handover
from handover.services.handovers import NotOpen, claim_handover
from inbox.desk import DeskRequest, at_desk
from inbox.queries.queue import read_queue
from project.kernel import clock


@require_GET
@at_desk()
def queue(request: DeskRequest) -> HttpResponse:
    return _board(request)


@require_POST
@at_desk("reply")
def claim(request: DeskRequest, handover_id: int) -> HttpResponse:
    desk = request.desk
    handover = access_handover(desk.user, desk.workspace, handover_id, "reply")
    try:
        claim_handover(handover=handover, user=desk.user, now=clock.now())
    except NotOpen as error:
        return _claimed(request, str(error))
    return _claimed(request)


def _claimed(request: DeskRequest, refusal: str = "") -> HttpResponse:
    """Back to the board, with the reason when somebody else was faster."""
    if not request.htmx:
        if refusal:
            messages.error(request, refusal)
        return redirect("inbox:handovers", request.desk.workspace.slug)
    response = _board(request)
    if refusal:
        response["HX-Trigger"] = json.dumps({"notice": {"text": refusal}})
    return response


def _board(request: DeskRequest) -> HttpResponse:
    template = "inbox/handovers.html#queue" if request.htmx else "inbox/handovers.html"
    queue = read_queue(request.desk, now=clock.now())
    return render(request, template, {"section": "handovers", "queue": queue})
