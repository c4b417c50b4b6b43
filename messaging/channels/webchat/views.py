"""The page, the widget, and the polling door for browsers whose socket does not open."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.staticfiles import finders
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import cache_control, never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from messaging.models import Channel
from project.kernel import clock

from .doors import find_chat
from .identity import ForgedVisitor, Visitor, new_visitor, read_authorization, sign_visitor
from .pace import TooFast
from .payloads import MAX_BODY, Said, Seen, UnreadableRequest, read_request
from .transcript import read_transcript, record_seen, title_of
from .webhook import keep_message

VisitorView = Callable[[HttpRequest, Visitor], HttpResponse]


class TooLarge(Exception):
    """The body is longer than any message can be."""


@require_GET
def chat_page(request: HttpRequest, token: str) -> HttpResponse:
    response = render(request, "webchat/page.html", page_context(_chat_or_404(token)))
    response.csp = {"frame-ancestors": "*"}  # type: ignore[attr-defined]  # it stands in the company's own site
    return response


def page_context(channel: Channel) -> dict[str, Any]:
    doors = ("visitors", "messages", "seen")
    return {
        "channel": channel,
        "title": title_of(channel),
        "greeting": channel.settings.get("greeting", ""),
        "doors": {name: reverse(f"webchat:{name}", args=[channel.token]) for name in doors},
    }


@require_GET
@cache_control(public=True, max_age=300)
def widget(request: HttpRequest, token: str) -> HttpResponse:
    _chat_or_404(token)
    with open(str(finders.find("webchat/widget.js")), "rb") as script:  # noqa: PTH123
        return HttpResponse(script.read(), content_type="text/javascript; charset=utf-8")


def for_visitor(view: VisitorView) -> Callable[[HttpRequest, str], HttpResponse]:
    """Open the door to a signed visitor only, and answer each anticipated error in JSON."""

    @csrf_exempt  # the identity travels in a header, which no other site can make a browser send
    @never_cache
    @wraps(view)
    def door(request: HttpRequest, token: str) -> HttpResponse:
        channel = _chat_or_404(token)
        try:
            return view(request, read_authorization(channel, request.headers.get("Authorization", "")))
        except ForgedVisitor:
            return _refusal(HTTPStatus.FORBIDDEN, "This visitor is not known here.")
        except UnreadableRequest as error:
            return _refusal(HTTPStatus.BAD_REQUEST, error.problem)
        except TooLarge:
            return _refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"More than {MAX_BODY} bytes.")
        except TooFast as error:
            response = _refusal(HTTPStatus.TOO_MANY_REQUESTS, str(error))
            response.headers["Retry-After"] = str(error.retry_after)
            return response

    return door


@csrf_exempt
@require_POST
@never_cache
def visitors(request: HttpRequest, token: str) -> HttpResponse:
    """A signed identity: the one given, renewed, or a new one when none is given."""
    channel = _chat_or_404(token)
    given = request.headers.get("Authorization", "")
    try:
        visitor = read_authorization(channel, given) if given else new_visitor(channel)
    except ForgedVisitor:
        return _refusal(HTTPStatus.FORBIDDEN, "This visitor is not known here.")
    return JsonResponse({"visitor": sign_visitor(visitor)})


@for_visitor
@require_http_methods(["GET", "POST"])
def messages(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    return _say(request, visitor) if request.method == "POST" else _history(request, visitor)


@for_visitor
@require_POST
def seen(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    record_seen(visitor, read_request(Seen, _body(request)), now=clock.now())
    return HttpResponse(status=HTTPStatus.NO_CONTENT)


def _say(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    said = read_request(Said, _body(request))
    keep_message(visitor, said, now=clock.now())
    return JsonResponse({"id": said.id}, status=HTTPStatus.ACCEPTED)


def _history(request: HttpRequest, visitor: Visitor) -> HttpResponse:
    before = request.GET.get("before")
    transcript = read_transcript(
        visitor,
        after=_number("after", request.GET.get("after", "0")),
        before=None if before is None else _number("before", before),
    )
    return JsonResponse(transcript.as_json())


def _number(name: str, value: str) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise UnreadableRequest(f"{name}: {value[:40]!r} is not a position.")
    return int(value)


def _body(request: HttpRequest) -> bytes:
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        raise TooLarge
    return bytes(body)


def _refusal(status: HTTPStatus, reason: str) -> JsonResponse:
    return JsonResponse({"error": {"code": status.phrase.lower().replace(" ", "_"), "message": reason}}, status=status)


def _chat_or_404(token: str) -> Channel:
    try:
        return find_chat(token)
    except Channel.DoesNotExist:
        raise Http404 from None
