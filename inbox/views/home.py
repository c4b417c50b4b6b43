"""The way in: from the bare address to the workspace a person works in."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from crm.access import workspaces_of
from inbox.desk import at_desk


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Straight in with one workspace; a choice with several; an explanation with none."""
    workspaces = workspaces_of(request.user)  # type: ignore[arg-type]
    if len(workspaces) == 1:
        return redirect("inbox:inbox", workspaces[0].slug)
    return render(request, "inbox/choose.html", {"workspaces": workspaces})


@at_desk()
def workspace(request: HttpRequest) -> HttpResponse:
    return redirect("inbox:inbox", request.desk.workspace.slug)  # type: ignore[attr-defined]
