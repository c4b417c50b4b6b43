"""The one door of every screen: who looks, at which workspace, and what their role lets them do."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, cast
from zoneinfo import ZoneInfo

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from crm.access import MAY, NotAllowed, NotFound, access_workspace, role_of, workspaces_of
from crm.models import User, Workspace
from project.kernel import clock
from project.kernel.scope import workspace_scope

from .alarm import Alarm, current_alarm


@dataclass(frozen=True, slots=True)
class Desk:
    """A person at work in a workspace. Templates find it as `request.desk`."""

    workspace: Workspace
    user: User
    role: str
    workspaces: tuple[Workspace, ...]

    @property
    def may_reply(self) -> bool:
        return self.role in MAY["reply"]

    @property
    def may_configure(self) -> bool:
        return self.role in MAY["configure"]

    @property
    def alarm(self) -> Alarm | None:
        """What stopped, for those who may act on it."""
        return current_alarm(clock.now()) if self.may_configure else None

    @property
    def zone(self) -> ZoneInfo:
        return self.workspace.zone


class DeskRequest(HttpRequest):
    """What a view at the desk is given."""

    desk: Desk
    htmx: HtmxDetails


View = Callable[..., HttpResponse]


def at_desk(action: str = "read") -> Callable[[View], View]:
    """The view gets a request with a `desk`, runs in the workspace's scope and in its time zone.

    Strangers see 404, members whose role does not cover `action` see 403.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def opened(request: HttpRequest, slug: str, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _sign_in_first(cast(DeskRequest, request))
            try:
                desk = _desk(request.user, slug, action)
                request.desk = desk  # type: ignore[attr-defined]
                with workspace_scope(desk.workspace), timezone.override(desk.zone):
                    return view(request, **kwargs)
            except NotFound as error:
                raise Http404(str(error)) from error
            except NotAllowed as error:
                raise PermissionDenied(str(error)) from error

        return opened

    return decorate


def _sign_in_first(request: DeskRequest) -> HttpResponse:
    """A page whose session has ended goes to sign in whole, instead of showing old news for ever."""
    if not request.htmx:
        return redirect_to_login(request.get_full_path())
    response = redirect_to_login(request.htmx.current_url_abs_path or "/")
    return HttpResponseClientRedirect(response["Location"])


def _desk(user: User, slug: str, action: str) -> Desk:
    workspace = access_workspace(user, slug, action)
    return Desk(workspace, user, role_of(user, workspace) or "", tuple(workspaces_of(user)))
