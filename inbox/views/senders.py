"""Letting a paused sender go on, from where it was noticed."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from inbox.desk import DeskRequest, at_desk
from inbox.queries.senders import read_held
from messaging.access import access_channel
from messaging.services.channels import resume_channel
from project.kernel import clock


@require_POST
@at_desk("configure")
def resume(request: DeskRequest, channel_id: int) -> HttpResponse:
    desk = request.desk
    channel = access_channel(desk.user, desk.workspace, channel_id)
    resume_channel(channel=channel, user=desk.user, now=clock.now())
    if request.htmx:
        return render(request, "inbox/_senders.html", {"held": read_held(desk, now=clock.now())})
    messages.success(request, f"{channel.name} sends again.")
    return redirect("inbox:inbox", desk.workspace.slug)
