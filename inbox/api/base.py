"""What every address of the API shares: who asks, in which workspace, and how a refusal looks."""

import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Any

from rest_framework.authentication import SessionAuthentication
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import SAFE_METHODS, IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import Serializer
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView

from crm.access import NotFound, access_workspace, workspaces_of
from crm.models import User, Workspace
from project.kernel.scope import workspace_scope

from .authentication import ApiTokenAuthentication
from .errors import WorkspaceNeeded, answer_error
from .parsers import BoundedJSONParser


class ApiView(APIView):
    authentication_classes = [ApiTokenAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]
    throttle_classes = [UserRateThrottle]
    parser_classes = [BoundedJSONParser]
    renderer_classes = [JSONRenderer]

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return answer_error


class WorkspaceView(ApiView):
    """Works inside the workspace that the caller chose: `?workspace=slug` or the header `X-Workspace`.

    The scope stays open until the answer is built. Reading needs a member, changing one who may reply.
    """

    workspace: Workspace
    pagination_class: type[CursorPagination]

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        with ExitStack() as self.open_scopes:
            return super().dispatch(request, *args, **kwargs)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        self.workspace = chosen_workspace(request)
        self.open_scopes.enter_context(workspace_scope(self.workspace))

    @property
    def needed_action(self) -> str:
        return "read" if self.request.method in SAFE_METHODS else "reply"

    def page(self, rows: Any, serializer: type[Serializer]) -> Response:
        pages = self.pagination_class()
        found: Iterable[Any] = pages.paginate_queryset(rows, self.request, view=self)
        return pages.get_paginated_response(serializer(found, many=True).data)

    def checked(self, serializer: Serializer) -> dict[str, Any]:
        serializer.is_valid(raise_exception=True)
        return dict(serializer.validated_data)


def chosen_workspace(request: Request) -> Workspace:
    """The workspace the caller named, or the only one they have."""
    slug = request.query_params.get("workspace") or request.headers.get("X-Workspace")
    if slug is None:
        return _only_workspace(request.user)
    if not re.fullmatch(r"[-a-zA-Z0-9_]{1,50}", slug):
        raise NotFound("There is no such workspace.")
    return access_workspace(request.user, slug)


def _only_workspace(user: User) -> Workspace:
    workspaces = workspaces_of(user)
    if not workspaces:
        raise NotFound("You are not a member of any workspace.")
    if len(workspaces) > 1:
        slugs = ", ".join(workspace.slug for workspace in workspaces)
        raise WorkspaceNeeded(f"You work in several workspaces; choose one of them with ?workspace=: {slugs}")
    return workspaces[0]
