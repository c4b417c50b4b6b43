from rest_framework.request import Request
from rest_framework.response import Response

from handover.access import access_handover
from handover.models import Handover
from handover.services.handovers import claim_handover
from project.kernel import clock

from . import queries
from .base import WorkspaceView
from .filters import HandoverFilter
from .pagination import NewestHandovers
from .schema import CONFLICT, documented
from .serializers import HandoverSerializer


class HandoverList(WorkspaceView):
    pagination_class = NewestHandovers

    @documented("handovers", HandoverSerializer(many=True), parameters=[HandoverFilter])
    def get(self, request: Request) -> Response:
        """Requests for a person, the newest first, with the steps of their ladders."""
        wanted = HandoverFilter(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        return self.page(wanted.narrow(queries.handovers()), HandoverSerializer)


class HandoverView(WorkspaceView):
    def handover(self) -> Handover:
        return access_handover(self.request.user, self.workspace, self.kwargs["handover_id"], self.needed_action)

    def shown(self, handover: Handover) -> Response:
        return Response(HandoverSerializer(queries.handovers().get(pk=handover.pk)).data)


class HandoverDetail(HandoverView):
    @documented("handovers", HandoverSerializer)
    def get(self, request: Request, handover_id: int) -> Response:
        """One handover: its steps say what happened at each, or what will and when."""
        return self.shown(self.handover())


class Claim(HandoverView):
    @documented("handovers", HandoverSerializer, also=CONFLICT)
    def post(self, request: Request, handover_id: int) -> Response:
        """Say that you will answer. The ladder goes on until you do."""
        handover = self.handover()
        claim_handover(handover=handover, user=request.user, now=clock.now())
        return self.shown(handover)
