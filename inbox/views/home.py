"""The way in: from the bare address to the workspace a person works in."""

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from crm.access import workspaces_of
from crm.models import User
from inbox.desk import DeskRequest, at_desk


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """Straight in with one workspace; a choice with several; an explanation with none."""
    workspaces = workspaces_of(cast(User, request.user))
    if len(workspaces) == 1:
        return redirect("inbox:inbox", workspaces[0].slug)
    return render(request, "inbox/choose.html", {"workspaces": workspaces})


@at_desk()
def workspace(request: DeskRequest) -> HttpResponse:
    return redirect("inbox:inbox", request.desk.workspace.slug)
