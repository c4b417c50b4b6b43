from rest_framework.request import Request
from rest_framework.response import Response

from agents.qualification.corrections import correct_lead
from crm.access import access_lead
from crm.models import Lead
from project.kernel import clock

from . import queries
from .base import WorkspaceView
from .filters import SearchFilter
from .pagination import NewestLeads
from .schema import documented
from .serializers import LeadChangesSerializer, LeadSerializer


class LeadList(WorkspaceView):
    pagination_class = NewestLeads

    @documented("leads", LeadSerializer(many=True), parameters=[SearchFilter])
    def get(self, request: Request) -> Response:
        """The people the workspace talks to, the newest first; `search` looks at names and identities."""
        search = self.checked(SearchFilter(data=request.query_params)).get("search")
        rows = queries.leads().filter(queries.named(search)) if search else queries.leads()
        return self.page(rows, LeadSerializer)


class LeadDetail(WorkspaceView):
    def lead(self) -> Lead:
        return access_lead(self.request.user, self.workspace, self.kwargs["lead_id"], self.needed_action)

    def shown(self, lead: Lead) -> Response:
        return Response(LeadSerializer(queries.leads().get(pk=lead.pk)).data)

    @documented("leads", LeadSerializer)
    def get(self, request: Request, lead_id: int) -> Response:
        """One lead, with every identity by which a channel knows them."""
        return self.shown(self.lead())

    @documented("leads", LeadSerializer, takes=LeadChangesSerializer)
    def patch(self, request: Request, lead_id: int) -> Response:
        """Correct what is known about a lead. Identities are learned from channels and stay."""
        lead = self.lead()
        changes = self.checked(LeadChangesSerializer(lead, data=request.data, partial=True))
        correct_lead(lead=lead, changes=changes, user=request.user, now=clock.now())
        return self.shown(lead)
