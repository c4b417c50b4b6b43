"""Quality: how the agent does by intent, which handovers were needed, which replies the checks found flaws in."""

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from analytics.quality.report import SPANS, handovers_to_judge, read_report, worst_turns
from analytics.services.verdicts import judge_handover
from handover.access import access_handover
from inbox.desk import DeskRequest, at_desk
from inbox.queries.names import names_of
from project.kernel import clock


@require_GET
@at_desk()
def quality(request: DeskRequest) -> HttpResponse:
    return _page(request)


@require_POST
@at_desk("reply")
def judge(request: DeskRequest, handover_id: int) -> HttpResponse:
    desk = request.desk
    handover = access_handover(desk.user, desk.workspace, handover_id, "reply")
    was_needed = request.POST.get("was_needed") == "yes"
    judge_handover(handover=handover, was_needed=was_needed, user=desk.user, now=clock.now())
    if not request.htmx:
        return redirect("inbox:quality", desk.workspace.slug)
    return _page(request)


def _page(request: DeskRequest) -> HttpResponse:
    now, workspace = clock.now(), request.desk.workspace
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isascii() and asked.isdigit() and int(asked) in SPANS else SPANS[1]
    to_judge = handovers_to_judge(workspace=workspace)
    worst = worst_turns(workspace=workspace, now=now, days=days)
    names = names_of({row.lead.pk: row.lead for row in (*to_judge, *(each.turn for each in worst))}.values())
    context = {
        "section": "quality",
        "report": read_report(workspace=workspace, days=days, now=now),
        "spans": SPANS,
        "to_judge": [(handover, names[handover.lead_id]) for handover in to_judge],
        "worst": [(each, names[each.turn.lead_id]) for each in worst],
    }
    return render(request, "inbox/quality.html#result" if request.htmx else "inbox/quality.html", context)
