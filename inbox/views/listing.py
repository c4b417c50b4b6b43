"""The inbox: the list of conversations, with nothing opened yet."""

from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render

from inbox.desk import DeskRequest, at_desk
from inbox.queries.folders import BY_KEY, FOUND, WAITING, CountedView, View, counted_views
from inbox.queries.listing import UnreadableCursor, page_of
from inbox.queries.senders import read_held
from project.kernel import clock


@at_desk()
def inbox(request: DeskRequest) -> HttpResponse:
    """The whole page, or for htmx the list alone: one page of it, or all that was loaded (`until`)."""
    try:
        context = list_context(request)
    except UnreadableCursor as error:
        raise Http404(str(error)) from error
    if request.htmx:
        return render(request, "inbox/_list_changes.html", context)
    return render(request, "inbox/inbox.html", context)


def list_context(request: DeskRequest, *, otherwise: str = "open") -> dict[str, Any]:
    """What the list pane shows. Without a wish: who waits for a person, or `otherwise` when nobody does."""
    desk = request.desk
    now = clock.now()
    views = counted_views(desk, now=now)
    chosen = BY_KEY.get(request.GET.get("view", "")) or _first_choice(views, otherwise)
    search = _text(request, "q")
    view = FOUND if search else chosen
    page = page_of(desk, view, search=search, before=_text(request, "before"), until=_text(request, "until"), now=now)
    return {
        "section": "inbox",
        "views": views,
        "view": view,
        "chosen": chosen,
        "search": search,
        "page": page,
        "held": read_held(desk, now=now) if desk.may_configure else (),
        "is_more": "before" in request.GET,
    }


def _first_choice(views: tuple[CountedView, ...], otherwise: str) -> View:
    somebody_waits = any(counted.view is WAITING and counted.count for counted in views)
    return WAITING if somebody_waits else BY_KEY[otherwise]


def _text(request: DeskRequest, name: str) -> str:
    """A query parameter as PostgreSQL can take it: no NUL, no lone surrogate, not endless."""
    text = request.GET.get(name, "").replace("\0", "")
    return text.encode("utf-8", "ignore").decode().strip()[:200]
