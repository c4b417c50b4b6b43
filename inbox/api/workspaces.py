from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import workspaces_of
from crm.queries import roles_of

from .base import ApiView
from .serializers import WorkspaceSerializer


class WorkspaceList(ApiView):
    @extend_schema(responses=WorkspaceSerializer(many=True), tags=["workspaces"])
    def get(self, request: Request) -> Response:
        """The workspaces you work in."""
        workspaces = workspaces_of(request.user)
        roles = roles_of(request.user, workspaces)
        return Response(WorkspaceSerializer(workspaces, many=True, context={"roles": roles}).data)
