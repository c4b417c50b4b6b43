"""The admin sees every workspace, and therefore only the installation's superusers see the admin."""

from collections.abc import Callable

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from project.kernel.scope import across_workspaces

OPEN_TO_ALL = ("login", "logout", "jsi18n")


class AdminScopeMiddleware:
    """Under the admin's address, and there alone, a superuser's request is not bound to one workspace.

    The scope is lifted around the whole request: change lists evaluate their querysets while they are rendered.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        root = reverse("admin:index")
        if not request.path.startswith(root):
            return self.get_response(request)
        user = request.user
        if user.is_active and user.is_superuser:
            with across_workspaces():
                return self.get_response(request)
        if user.is_authenticated and request.path.removeprefix(root).strip("/") not in OPEN_TO_ALL:
            raise PermissionDenied("The admin shows every workspace; it is open to superusers only.")
        return self.get_response(request)
