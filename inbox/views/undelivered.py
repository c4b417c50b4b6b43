"""Not delivered: what ended without arriving, and what a person decides about it."""

import json
from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from inbox.desk import DeskRequest, at_desk
from inbox.queries.undelivered import Chosen, UnreadableCursor, count_undelivered, read_undelivered
from messaging.access import access_channel, access_message
from messaging.models import Message
from messaging.models.messages import MessageStatus
from messaging.services.dead_letters import Refused, Replayed, dismiss_message, replay_all, replay_message
from project.kernel import clock

AT_ONCE = 500
"""How many messages one press sends again."""


@require_GET
@at_desk()
def undelivered(request: DeskRequest) -> HttpResponse:
    """The whole page, or for htmx its parts."""
    return _page(request)


@require_POST
@at_desk("reply")
def replay(request: DeskRequest, message_id: UUID) -> HttpResponse:
    message = _message(request, message_id)
    return _told(request, lambda: told_replay(request, message))


@require_POST
@at_desk("reply")
def dismiss(request: DeskRequest, message_id: UUID) -> HttpResponse:
    message = _message(request, message_id)
    return _told(request, lambda: dismiss_message(message=message, user=request.desk.user, now=clock.now()))


@require_POST
@at_desk("reply")
def replay_alike(request: DeskRequest) -> HttpResponse:
    """Everything that ended for the chosen reason: after an outage."""
    chosen = _chosen(request)
    desk = request.desk
    if not chosen.reason:
        raise Http404("Choose a reason.")
    replayed = replay_all(
        workspace=desk.workspace,
        channel=access_channel(desk.user, desk.workspace, chosen.channel, "reply") if chosen.channel else None,
        code=chosen.reason,
        user=desk.user,
        now=clock.now(),
        limit=AT_ONCE,
    )
    return _told(request, lambda: _sum(replayed))


def told_replay(request: DeskRequest, message: Message) -> str:
    """Send one message again as the form says; what came of it, where that is not simply “it is on its way”."""
    is_warned = request.POST.get("despite_doubt") == "on"
    again = replay_message(message=message, user=request.desk.user, now=clock.now(), despite_doubt=is_warned)
    return f"Not sent: {again.verdict.get('reason', '')}" if again.status == MessageStatus.SUPPRESSED else ""


def _sum(replayed: Replayed) -> str:
    said = [f"{replayed.queued} on their way again"]
    if replayed.suppressed:
        said.append(f"{replayed.suppressed} withheld, because they no longer fit")
    if replayed.busy:
        said.append(f"{replayed.busy} left, because somebody else speaks there now")
    return ", ".join(said) + "."


def _message(request: DeskRequest, message_id: UUID) -> Message:
    return access_message(request.desk.user, request.desk.workspace, message_id, "reply")


def _chosen(request: DeskRequest) -> Chosen:
    channel = request.GET.get("channel", "")
    is_number = channel.isascii() and channel.isdigit() and len(channel) < 19
    reason = request.GET.get("reason", "").replace("\0", "").encode("utf-8", "ignore").decode()
    return Chosen(int(channel) if is_number else None, reason[:32])


def _told(request: DeskRequest, decide: Callable[[], str | None]) -> HttpResponse:
    """Carry the decision out and show what is left, with what there is to say of it."""
    try:
        said = decide() or ""
    except Refused as error:
        said = str(error)
    if request.htmx:
        response = _page(request)
        if said:
            response["HX-Trigger"] = json.dumps({"notice": {"text": said}})
        return response
    if said:
        messages.info(request, said)
    query = _chosen(request).query
    return redirect(f"{reverse('inbox:undelivered', args=[request.desk.workspace.slug])}?{query}".rstrip("?"))


def _page(request: DeskRequest) -> HttpResponse:
    desk = request.desk
    before = request.GET.get("before", "")
    try:
        found = read_undelivered(desk, _chosen(request), before=before, now=clock.now())
    except UnreadableCursor as error:
        raise Http404(str(error)) from error
    context = {"section": "undelivered", "found": found, "is_more": bool(before)}
    if request.htmx:
        context["undelivered_count"] = count_undelivered(desk)
        return render(request, "inbox/_undelivered.html", context)
    return render(request, "inbox/undelivered.html", context)
