from datetime import datetime
from zoneinfo import ZoneInfo

from django import template
from django.http.request import QueryDict
from django.template.defaultfilters import urlizetrunc
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from inbox.desk import Desk, DeskRequest
from inbox.queries.folders import View
from inbox.queries.listing import Page
from inbox.queries.undelivered import count_undelivered
from inbox.words import near_time
from project.kernel import clock

register = template.Library()


def _url(request: DeskRequest, view: View, search: str, **extra: str) -> str:
    query = QueryDict(mutable=True)
    query.update({"view": view.key, **({"q": search} if search else {}), **extra})
    slug = request.desk.workspace.slug
    return f"{reverse('inbox:inbox', args=[slug])}?{query.urlencode()}"


@register.filter
def linked(text: str) -> SafeString:
    """Addresses in a message become links that open elsewhere and learn nothing about this page."""
    marked = urlizetrunc(text, 64, autoescape=True)
    return mark_safe(marked.replace(' rel="nofollow"', ' rel="nofollow noopener noreferrer" target="_blank"'))  # noqa: S308


@register.filter
def spoken(name: str) -> str:
    """“purchase_intent” as people read it."""
    return name.replace("_", " ")


@register.filter
def near(at: datetime, zone: ZoneInfo) -> str:
    """A time in the near past, as people of that zone say it."""
    return near_time(at, clock.now(), zone)


@register.simple_tag
def live_list_url(request: DeskRequest, view: View, search: str, page: Page) -> str:
    """Where the rows shown now are fetched again: all of them, however often “older” was pressed."""
    is_long = page.older or "before" in request.GET or "until" in request.GET
    shown_down_to = {"until": page.rows[-1].cursor} if page.rows and is_long else {}
    return _url(request, view, search, **shown_down_to)


@register.simple_tag
def older_url(request: DeskRequest, view: View, search: str, page: Page) -> str:
    return _url(request, view, search, before=page.older or "")


@register.simple_tag
def undelivered_count(desk: Desk) -> str:
    return count_undelivered(desk)
