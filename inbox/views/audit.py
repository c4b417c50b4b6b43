"""The audit: the last result, every promise with its number, and a button to look again."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from analytics.audit.report import sections_of
from analytics.services.audits import last_run, request_audit, run_under_way
from inbox.desk import DeskRequest, at_desk
from project.kernel import clock


@require_GET
@at_desk("configure")
def audit(request: DeskRequest) -> HttpResponse:
    workspace = request.desk.workspace
    run = last_run(workspace)
    sections = sections_of(run) if run else ()
    return render(
        request,
        "inbox/audit.html#result" if request.htmx else "inbox/audit.html",
        {
            "section": "audit",
            "run": run,
            "sections": sections,
            "broken": [line for section in sections for line in section.lines if line.is_broken],
            "under_way": run_under_way(workspace, clock.now()),
        },
    )


@require_POST
@at_desk("configure")
def run(request: DeskRequest) -> HttpResponse:
    request_audit(workspace=request.desk.workspace, now=clock.now())
    messages.success(request, "The audit is running; its result appears here.")
    return redirect("inbox:audit", request.desk.workspace.slug)
