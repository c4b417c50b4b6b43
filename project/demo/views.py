"""`/demo/`: a customer's phone and the team's inbox side by side. Closed unless settings.DEMO."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.access import role_of
from crm.models import User, Workspace
from handover.models import Booking
from handover.models.bookings import BookingState
from handover.services.bookings import record_booking
from messaging.channels.webchat.identity import Visitor, new_visitor, sign_visitor
from messaging.channels.webchat.views import page_context
from messaging.models import Channel
from project.kernel import clock
from project.kernel.scope import workspace_scope

from .company import SALESPERSON, find_company, keep_address
from .progress import read_progress

VISITOR = "demo_visitor"
NAME = "Davi"
ALLAUTH = "allauth.account.auth_backends.AuthenticationBackend"
HOURS = (9, 11, 14, 16)

DemoView = Callable[..., HttpResponse]


def on_stage(view: DemoView) -> DemoView:
    """The view gets the demo's workspace, with its scope open; 404 where there is no demo."""

    @never_cache
    @wraps(view)
    def opened(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        workspace = find_company() if settings.DEMO else None
        if workspace is None:
            raise Http404("There is no demo on this installation.")
        with workspace_scope(workspace):
            return view(request, workspace, **kwargs)

    return opened


@require_GET
@on_stage
def stage(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    keep_address(workspace)
    _sign_in_as_bruno(request, workspace)
    _visitor(request, workspace)
    inbox = reverse("inbox:inbox", args=[workspace.slug])
    return render(request, "demo/stage.html", {"workspace": workspace, "inbox": inbox})


@require_POST
@on_stage
def start_over(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    request.session.pop(VISITOR, None)
    return redirect("demo:stage")


@require_GET
@on_stage
def phone(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    visitor = _visitor(request, workspace)
    signed = {"visitor": sign_visitor(visitor), "visitor_name": NAME}
    return render(request, "webchat/page.html", {**page_context(visitor.channel), **signed})


@require_GET
@on_stage
def progress(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    return JsonResponse(read_progress(workspace, _visitor(request, workspace).id).as_json())


@require_http_methods(["GET", "POST"])
@on_stage
def book(request: HttpRequest, workspace: Workspace) -> HttpResponse:
    """Stands for the company's own booking page: the token travels in `utm_content`, as it does with Calendly."""
    booking = _offered(request.GET.get("utm_content", ""))
    if request.method == "POST":
        booking = _book(booking, request.POST.get("slot", ""), workspace)
    context = {"workspace": workspace, "booking": booking, "slots": _slots(workspace, clock.now())}
    return render(request, "demo/book.html", {**context, "is_booked": booking.state == BookingState.BOOKED})


def _book(booking: Booking, slot: str, workspace: Workspace) -> Booking:
    now = clock.now()
    starts_at = {at.isoformat(): at for at in _slots(workspace, now)}.get(slot)
    if starts_at is None:
        raise Http404("There is no such time.")
    return record_booking(token=booking.token, starts_at=starts_at, now=now)


def _offered(token: str) -> Booking:
    booking = Booking.objects.select_related("lead").filter(token=token.replace("\x00", "")).first()
    if booking is None:
        raise Http404("This booking link is not known.")
    return booking


def _slots(workspace: Workspace, now: datetime) -> list[datetime]:
    """A few times on the next two working days."""
    today = now.astimezone(workspace.zone).date()
    days = [today + timedelta(days=ahead) for ahead in range(1, 6)]
    working = [day for day in days if day.weekday() < 5][:2]
    return [datetime.combine(day, time(hour), tzinfo=workspace.zone) for day in working for hour in HOURS]


def _visitor(request: HttpRequest, workspace: Workspace) -> Visitor:
    """This newcomer's own customer, fresh until they start over."""
    chat = (
        Channel.objects.select_related("workspace").filter(workspace=workspace, kind="webchat").earliest("created_at")
    )
    if VISITOR not in request.session:
        request.session[VISITOR] = new_visitor(chat).id
    return Visitor(chat, request.session[VISITOR])


def _sign_in_as_bruno(request: HttpRequest, workspace: Workspace) -> None:
    """Whoever is signed in and works here stays who they are."""
    if request.user.is_anonymous or role_of(request.user, workspace) is None:
        login(request, User.objects.get(email=SALESPERSON), backend=ALLAUTH)
