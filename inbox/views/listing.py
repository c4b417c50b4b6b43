"""The inbox: the list of conversations, with nothing opened yet."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from inbox.desk import at_desk
from inbox.queries.listing import BY_KEY, WAITING, CountedView, View, counted_views, page_of
from project.kernel import clock


@at_desk()
def inbox(request: HttpRequest) -> HttpResponse:
    """The whole page, or for htmx the list alone: one page of it, or all that was loaded (`until`)."""
    context = list_context(request)
    if request.htmx:  # type: ignore[attr-defined]
        return render(request, "inbox/_list_changes.html", context)
    return render(request, "inbox/inbox.html", context)


def list_context(request: HttpRequest, *, otherwise: str = "open") -> dict[str, Any]:
    """What the list pane shows. Without a wish: who waits for a person, or `otherwise` when nobody does."""
    desk = request.desk  # type: ignore[attr-defined]
    now = clock.now()
    views = counted_views(desk, now=now)
    view = BY_KEY.get(request.GET.get("view", "")) or _first_choice(views, otherwise)
    search = _text(request, "q")
    page = page_of(desk, view, search=search, before=_text(request, "before"), until=_text(request, "until"), now=now)
    return {"section": "inbox", "views": views, "view": view, "search": search, "page": page, "is_more": "before" in request.GET}


def _first_choice(views: tuple[CountedView, ...], otherwise: str) -> View:
    somebody_waits = any(counted.view is WAITING and counted.count for counted in views)
    return WAITING if somebody_waits else BY_KEY[otherwise]


def _text(request: HttpRequest, name: str) -> str:
    """A query parameter as PostgreSQL can take it: no NUL, no lone surrogate, not endless."""
    text = request.GET.get(name, "").replace("\0", "")
    return text.encode("utf-8", "ignore").decode().strip()[:200]
