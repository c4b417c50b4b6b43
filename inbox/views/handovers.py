"""The handover queue."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from inbox.desk import at_desk
from inbox.queries.queue import read_queue
from project.kernel import clock


@require_GET
@at_desk()
def queue(request: HttpRequest) -> HttpResponse:
    template = "inbox/handovers.html#queue" if request.htmx else "inbox/handovers.html"  # type: ignore[attr-defined]
    return _rendered(request, template)


@require_POST
@at_desk("reply")
def claim(request: HttpRequest, handover_id: int) -> HttpResponse:
    from handover.access import access_handover
    from handover.services.handovers import claim_handover

    desk = request.desk  # type: ignore[attr-defined]
    handover = access_handover(desk.user, desk.workspace, handover_id, "reply")
    claim_handover(handover=handover, user=desk.user, now=clock.now())
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect("inbox:handovers", desk.workspace.slug)
    return _rendered(request, "inbox/handovers.html#queue")


def _rendered(request: HttpRequest, template: str) -> HttpResponse:
    queue = read_queue(request.desk, now=clock.now())  # type: ignore[attr-defined]
    return render(request, template, {"section": "handovers", "queue": queue})
