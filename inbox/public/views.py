"""Pages without a login: whoever has the link may choose what its lead gets, and learns nothing else of them.

No cookie is asked for. The link is the key, and a site that does not know it cannot press these buttons, so there is
no CSRF token either: a mail program presses them without a cookie (RFC 8058). Looking at a page changes nothing, since
scanners follow every link of a mail.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from crm.models import Lead
from crm.services.opt_in import Confirmed, confirm_opt_in, read_confirmation
from crm.services.preferences import Bearer, UnknownLink, choose, read_link, unsubscribe, unsubscribe_from_all
from project.kernel import clock
from project.kernel.scope import workspace_scope

from .choices import chosen, kinds_of, read_offers
from .pace import is_guessing, is_used_too_fast
from .words import preferred_of, words_in

POLICY = {"script-src": "'none'", "connect-src": "'none'", "frame-ancestors": "'none'", "img-src": "'self'"}

View = Callable[..., HttpResponse]


def by_link(view: View) -> View:
    """Every public page: at a bounded pace, kept by nobody, and with a page of its own for a link that is none."""

    @csrf_exempt
    @never_cache
    @require_http_methods(["GET", "HEAD", "POST"])
    @wraps(view)
    def opened(request: HttpRequest, token: str) -> HttpResponse:
        if is_used_too_fast(token, clock.now()):
            return _note(request, "too_fast", status=429)
        try:
            return view(request, token)
        except UnknownLink:
            is_fast = is_guessing(request, clock.now())
            return _note(request, "too_fast" if is_fast else "unknown", status=429 if is_fast else 404)

    return opened


@by_link
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    bearer = read_link(token)
    with workspace_scope(bearer.lead.workspace):
        said = _save(request, bearer) if request.method == "POST" else ""
        return _page(request, bearer, token, said)


@by_link
def one_click(request: HttpRequest, token: str) -> HttpResponse:
    """POST unsubscribes, as often as it is sent; whoever comes by GET is shown the page, and nothing happens."""
    bearer = read_link(token)
    with workspace_scope(bearer.lead.workspace):
        if request.method != "POST":
            return _page(request, bearer, token, "nothing_changed")
        unsubscribe(lead=bearer.lead, channel_kind=bearer.channel_kind, now=clock.now())
        return _page(request, bearer, token, "stopped")


@by_link
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The link of a double opt-in."""
    asked = read_confirmation(token)
    with workspace_scope(asked.lead.workspace):
        outcome = confirm_opt_in(asked=asked, now=clock.now()) if request.method == "POST" else None
        return _show(request, "confirm", _spoken(request, asked.lead), said=SAID[outcome] if outcome else "")


SAID = {Confirmed.NOW: "confirmed", Confirmed.BEFORE: "confirmed", Confirmed.TOO_LATE: "too_late"}


def _save(request: HttpRequest, bearer: Bearer) -> str:
    now = clock.now()
    if "stop_all" in request.POST:
        unsubscribe_from_all(lead=bearer.lead, channel_kinds=kinds_of(bearer), now=now)
        return "stopped_all"
    words = _spoken(request, bearer.lead)
    choices = chosen(read_offers(bearer), set(request.POST))
    choose(lead=bearer.lead, choices=choices, source="page", text_shown=words["marketing"], now=now)
    return "saved"


def _page(request: HttpRequest, bearer: Bearer, token: str, said: str) -> HttpResponse:
    words = _spoken(request, bearer.lead)
    return _show(request, "preferences", words, said=said, token=token, offered=read_offers(bearer))


def _note(request: HttpRequest, said: str, *, status: int) -> HttpResponse:
    words = words_in(preferred_of(request.headers.get("Accept-Language", "")))
    return _show(request, "note", words, said=said, status=status)


def _show(
    request: HttpRequest, template: str, words: Mapping[str, str], *, said: str, status: int = 200, **context: Any
) -> HttpResponse:
    shown = {"words": words, "said": words.get(said, ""), "is_done": said in SAID.values(), **context}
    response = render(request, f"public/{template}.html", shown, status=status)
    response.csp = POLICY  # type: ignore[attr-defined]
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _spoken(request: HttpRequest, lead: Lead) -> dict[str, str]:
    """In the lead's language, else in the browser's; the company's name is filled in."""
    language = lead.language or preferred_of(request.headers.get("Accept-Language", ""))
    company = lead.workspace.name
    return {key: text.replace("{company}", company) for key, text in words_in(language).items()}
