"""The thread and what a person may do in it. Every action answers with what changed on the screen."""

import json
import uuid
from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from agents import coordinator
from agents.coordinator import NothingToSay
from crm.access import NotFound
from crm.models import User
from crm.services.profiles import change_profile
from inbox.access import access_colleague
from inbox.desk import DeskRequest, at_desk
from inbox.queries.facts import read_facts
from inbox.queries.side import read_lead, read_trail
from inbox.queries.thread import read_changes, read_thread
from inbox.views.attachments import files_in
from inbox.views.listing import list_context
from inbox.views.undelivered import told_replay
from messaging.access import access_conversation, access_message
from messaging.models import Conversation, Message
from messaging.models.messages import MessageStatus
from messaging.services.conversations import assign_conversation, mark_seen
from messaging.services.dead_letters import Refused, dismiss_message, override_doubt
from messaging.services.media_uploads import UnfitFile
from project.kernel import clock


def _conversation(request: DeskRequest, conversation_id: int, action: str = "read") -> Conversation:
    desk = request.desk
    return access_conversation(desk.user, desk.workspace, conversation_id, action)


def _number(request: DeskRequest, name: str) -> int | None:
    text = request.GET.get(name) or request.POST.get(name) or ""
    return min(int(text), 2**62) if text.isascii() and text.isdigit() else None


def _shown(request: DeskRequest) -> str:
    """Which part of the trail this screen shows."""
    return request.GET.get("show") or request.POST.get("show") or "story"


@require_GET
@at_desk()
def thread(request: DeskRequest, conversation_id: int) -> HttpResponse:
    """The whole page, or for htmx the panes right of the list."""
    conversation = _conversation(request, conversation_id)
    if conversation.pk != conversation_id:  # its lead was merged into somebody else
        return redirect("inbox:thread", request.desk.workspace.slug, conversation.pk)
    context = _thread_context(request, conversation)
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "inbox/_stage.html", context)
    return render(request, "inbox/inbox.html", {**list_context(request), **context})


def _thread_context(request: DeskRequest, conversation: Conversation) -> dict[str, Any]:
    desk = request.desk
    now = clock.now()
    opened = read_thread(desk, conversation, before=_number(request, "before"), now=now)
    return {
        "section": "inbox",
        "thread": opened,
        "head": opened.header,
        "lead": read_lead(desk, conversation, now=now),
        "facts": read_facts(desk, conversation.lead, now=now),
        "trail": read_trail(desk, conversation, chosen=_shown(request), now=now),
        "key": uuid.uuid4().hex,
    }


@require_GET
@at_desk()
def since(request: DeskRequest, conversation_id: int) -> HttpResponse:
    """What a screen that saw `seq` lacks; 204 when it lacks nothing."""
    conversation = _conversation(request, conversation_id)
    seen = _number(request, "seq") or 0
    if conversation.seq == seen:
        return HttpResponse(status=204)
    return _changes(request, conversation_id)


@require_GET
@at_desk()
def earlier(request: DeskRequest, conversation_id: int) -> HttpResponse:
    opened = read_thread(
        request.desk,
        _conversation(request, conversation_id),
        before=_number(request, "before"),
        now=clock.now(),
    )
    return render(request, "inbox/_earlier.html", {"thread": opened, "head": opened.header})


@require_GET
@at_desk()
def trail(request: DeskRequest, conversation_id: int) -> HttpResponse:
    conversation = _conversation(request, conversation_id)
    before = _number(request, "before")
    desk = request.desk
    found = read_trail(desk, conversation, chosen=_shown(request), before=before, now=clock.now())
    template = "inbox/_trail.html#reasons" if before else "inbox/_trail.html"
    return render(request, template, {"trail": found, "conversation_id": conversation.pk})


@require_POST
@at_desk("reply")
def seen(request: DeskRequest, conversation_id: int) -> HttpResponse:
    mark_seen(conversation=_conversation(request, conversation_id), now=clock.now())
    return HttpResponse(status=204)


@require_POST
@at_desk("reply")
def send(request: DeskRequest, conversation_id: int) -> HttpResponse:
    try:
        conversation = _conversation(request, conversation_id, "reply")
        message = coordinator.send_as_person(
            conversation=conversation,
            user=request.desk.user,
            body=_words(request),
            now=clock.now(),
            key=request.POST.get("key") or None,
            attachments=files_in(request),
        )
    except (NothingToSay, UnfitFile) as error:
        return _refused(request, conversation_id, str(error))
    return _changed(request, conversation_id, news=_news_of(message), words=_refusal(message))


@require_POST
@at_desk("reply")
def replay(request: DeskRequest, conversation_id: int, message_id: UUID) -> HttpResponse:
    message = _message(request, conversation_id, message_id)
    return _decided(request, conversation_id, lambda: told_replay(request, message))


@require_POST
@at_desk("reply")
def dismiss(request: DeskRequest, conversation_id: int, message_id: UUID) -> HttpResponse:
    decision = {"message": _message(request, conversation_id, message_id), "user": request.desk.user}
    return _decided(request, conversation_id, lambda: dismiss_message(**decision, now=clock.now()))


@require_POST
@at_desk("reply")
def override(request: DeskRequest, conversation_id: int, message_id: UUID) -> HttpResponse:
    """Do not wait for the provider's answer."""
    decision = {"message": _message(request, conversation_id, message_id), "user": request.desk.user}
    return _decided(request, conversation_id, lambda: override_doubt(**decision, now=clock.now()))


def _message(request: DeskRequest, conversation_id: int, message_id: UUID) -> Message:
    message = access_message(request.desk.user, request.desk.workspace, message_id, "reply")
    if message.conversation_id != conversation_id:
        raise NotFound("There is no such message in this conversation.")
    return message


def _decided(request: DeskRequest, conversation_id: int, decide: Callable[[], str | None]) -> HttpResponse:
    try:
        said = decide() or ""
    except Refused as error:
        said = str(error)
    response = _changed(request, conversation_id, news="message-decided", words="" if request.htmx else said)
    if request.htmx and said:
        response["HX-Trigger"] = json.dumps({"notice": {"text": said}})
    return response


@require_POST
@at_desk("reply")
def take_over(request: DeskRequest, conversation_id: int) -> HttpResponse:
    conversation = _conversation(request, conversation_id, "reply")
    coordinator.take_over(conversation=conversation, user=request.desk.user, now=clock.now())
    return _changed(request, conversation_id, news="conversation-taken-over")


@require_POST
@at_desk("reply")
def return_to_ai(request: DeskRequest, conversation_id: int) -> HttpResponse:
    coordinator.return_to_ai(
        conversation=_conversation(request, conversation_id, "reply"),
        user=request.desk.user,
        reason=f"{request.desk.user} gave it back",
        now=clock.now(),
    )
    return _changed(request, conversation_id, news="conversation-returned")


@require_POST
@at_desk("reply")
def resolve(request: DeskRequest, conversation_id: int) -> HttpResponse:
    conversation = _conversation(request, conversation_id, "reply")
    coordinator.resolve_conversation(conversation=conversation, user=request.desk.user, now=clock.now())
    return _changed(request, conversation_id, news="conversation-resolved")


@require_POST
@at_desk("reply")
def assign(request: DeskRequest, conversation_id: int) -> HttpResponse:
    conversation = _conversation(request, conversation_id, "reply")
    assign_conversation(
        conversation=conversation,
        user=request.desk.user,
        assignee=_assignee(request),
        now=clock.now(),
    )
    return _changed(request, conversation_id, news="conversation-assigned")


def _assignee(request: DeskRequest) -> User | None:
    """Somebody of this workspace who may reply, or nobody."""
    member_id = _number(request, "assignee")
    if member_id is None:
        return None
    return access_colleague(request.desk, member_id)


@require_POST
@at_desk("reply")
def mark_vip(request: DeskRequest, conversation_id: int) -> HttpResponse:
    conversation = _conversation(request, conversation_id, "reply")
    change_profile(
        lead=conversation.lead,
        changes={"is_vip": request.POST.get("is_vip") == "on"},
        user=request.desk.user,
        now=clock.now(),
    )
    return _changed(request, conversation_id, news="lead-changed")


def _words(request: DeskRequest) -> str:
    return request.POST.get("body", "").replace("\0", "").encode("utf-8", "ignore").decode()


def _news_of(message: Message) -> str:
    return "message-refused" if message.status == MessageStatus.SUPPRESSED else "message-queued"


def _refusal(message: Message) -> str:
    is_refused = message.status == MessageStatus.SUPPRESSED
    return f"Not sent: {message.verdict.get('reason', '')}" if is_refused else ""


def _refused(request: DeskRequest, conversation_id: int, words: str) -> HttpResponse:
    if not request.htmx:
        return _changed(request, conversation_id, news="message-refused", words=words)
    return render(request, "inbox/_composer_error.html", {"wrong": words}, status=422)


def _changed(request: DeskRequest, conversation_id: int, *, news: str, words: str = "") -> HttpResponse:
    """After a write: the changed parts for htmx, else back to the page."""
    if not request.htmx:
        if words:
            messages.error(request, words)
        return redirect("inbox:thread", request.desk.workspace.slug, conversation_id)
    response = _changes(request, conversation_id, wrong=words)
    response["HX-Trigger-After-Swap"] = json.dumps({news: {"conversation": conversation_id}})
    return response


def _changes(request: DeskRequest, conversation_id: int, wrong: str = "") -> HttpResponse:
    desk = request.desk
    conversation = _conversation(request, conversation_id)
    now = clock.now()
    changes = read_changes(desk, conversation, seq=_number(request, "seq") or 0, now=now)
    if not changes.is_whole:
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    context = {
        "changes": changes,
        "head": changes.header,
        "lead": read_lead(desk, conversation, now=now),
        "facts": read_facts(desk, conversation.lead, now=now),
        "trail": read_trail(desk, conversation, chosen=_shown(request), now=now),
        "wrong": wrong,
    }
    return render(request, "inbox/_changes.html", context)
