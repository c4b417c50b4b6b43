from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import NotFound, access_lead, require
from crm.models import Consent, Identity, Lead, LeadMerge, MergeProposal, Suppression
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import note_consent
from crm.services.consent_exports import write_ledger
from crm.services.identities import add_identity, remove_identity
from crm.services.proposals import decline_proposal
from crm.services.suppression_lists import read_list, write_list
from inbox.csv_files import csv_file
from inbox.people import access_merge, import_list
from messaging.access import access_channel
from messaging.models import Conversation
from messaging.services.merging import Decider, merge_leads, undo_merge
from messaging.services.opt_in import ask_for_opt_in
from messaging.services.reply_channels import prefer_channel
from project.kernel import clock

from . import queries
from .base import WorkspaceView
from .pagination import Newest
from .people_serializers import (
    ConsentSerializer,
    IdentityDetailSerializer,
    MergeRequestSerializer,
    MergeSerializer,
    NewConsentSerializer,
    NewIdentitySerializer,
    NotedConsentsSerializer,
    OptInRequestSerializer,
    PreferredChannelSerializer,
    ProposalSerializer,
    SuppressionListSerializer,
    SuppressionSerializer,
    TakenSerializer,
)
from .schema import CONFLICT, documented
from .serializers import LeadSerializer


class LeadView(WorkspaceView):
    """One lead; who was merged into somebody else is found as that one."""

    def lead(self) -> Lead:
        return access_lead(self.request.user, self.workspace, self.kwargs["lead_id"], self.needed_action)


class IdentityList(LeadView):
    @documented("people", IdentityDetailSerializer(many=True))
    def get(self, request: Request, lead_id: int) -> Response:
        """Every name by which a channel, a person or an import knows the lead."""
        return Response(IdentityDetailSerializer(self.lead().identities.order_by("pk"), many=True).data)

    @documented("people", IdentityDetailSerializer, takes=NewIdentitySerializer, code=201)
    def post(self, request: Request, lead_id: int) -> Response:
        """Add a name. One that belongs to another lead is refused: merge the two instead."""
        lead = self.lead()
        given = self.checked(NewIdentitySerializer(data=request.data))
        identity = add_identity(lead=lead, **given, user=request.user, now=clock.now())
        return Response(IdentityDetailSerializer(identity).data, status=201)


class IdentityDetail(LeadView):
    @documented("people", None, code=204)
    def delete(self, request: Request, lead_id: int, identity_id: int) -> Response:
        """Take a name away. Who writes under it next is somebody new; the last one stays."""
        lead = self.lead()
        identity = Identity.objects.filter(lead=lead, pk=identity_id).first()
        if identity is None:
            raise NotFound("There is no such identity.")
        remove_identity(lead=lead, identity=identity, user=request.user, now=clock.now())
        return Response(status=204)


class ConsentList(LeadView):
    pagination_class = Newest

    @documented("people", ConsentSerializer(many=True))
    def get(self, request: Request, lead_id: int) -> Response:
        """The lead's ledger, the newest line first. The first line of a channel and purpose is in force."""
        return self.page(Consent.objects.filter(lead=self.lead()).select_related("user"), ConsentSerializer)

    @documented("people", NotedConsentsSerializer, takes=NewConsentSerializer, code=201)
    def post(self, request: Request, lead_id: int) -> Response:
        """Write down what the lead said elsewhere."""
        lead = self.lead()
        given = self.checked(NewConsentSerializer(data=request.data))
        purposes = (Purpose(given.pop("purpose")),)
        state = ConsentState(given.pop("state"))
        lines = note_consent(lead=lead, purposes=purposes, state=state, user=request.user, now=clock.now(), **given)
        return Response({"results": ConsentSerializer(lines, many=True).data}, status=201)


class OptInRequest(LeadView):
    @documented("people", NotedConsentsSerializer, takes=OptInRequestSerializer, code=201)
    def post(self, request: Request, lead_id: int) -> Response:
        """Send the e-mail whose link confirms consent to news by e-mail. Empty when there is consent already."""
        lead = self.lead()
        given = self.checked(OptInRequestSerializer(data=request.data))
        pending = ask_for_opt_in(lead=lead, user=request.user, now=clock.now(), **given)
        return Response({"results": ConsentSerializer([pending] if pending else [], many=True).data}, status=201)


class PreferredChannel(LeadView):
    @documented("people", LeadSerializer, takes=PreferredChannelSerializer)
    def put(self, request: Request, lead_id: int) -> Response:
        """Where the lead wants to be answered. While words cannot leave there, they leave where the lead wrote last."""
        lead = self.lead()
        number = self.checked(PreferredChannelSerializer(data=request.data))["channel"]
        channel = access_channel(request.user, self.workspace, number, "reply") if number else None
        conversation = Conversation.objects.filter(lead=lead).first()
        if conversation is None:
            raise NotFound("This lead has no conversation yet.")
        prefer_channel(conversation=conversation, channel=channel, user=request.user, now=clock.now())
        return Response(LeadSerializer(queries.leads().get(pk=lead.pk)).data)


class MergeList(LeadView):
    pagination_class = Newest

    @documented("people", MergeSerializer(many=True))
    def get(self, request: Request, lead_id: int) -> Response:
        """Who became part of this lead."""
        return self.page(LeadMerge.objects.filter(kept=self.lead()), MergeSerializer)

    @documented("people", MergeSerializer, takes=MergeRequestSerializer, code=201, also=CONFLICT)
    def post(self, request: Request, lead_id: int) -> Response:
        """Make another lead part of this one: thread, consents, handovers and all. It can be undone.

        Refused with 409 while an agent speaks, a message is on its way, or a colleague holds the other conversation.
        """
        kept = self.lead()
        given = self.checked(MergeRequestSerializer(data=request.data))
        gone = access_lead(request.user, self.workspace, given["gone"], "reply")
        by = Decider(request.user)
        merge = merge_leads(kept=kept, gone=gone, reason=given["reason"], by=by, now=clock.now())
        return Response(MergeSerializer(merge).data, status=201)


class UndoMerge(WorkspaceView):
    @documented("people", MergeSerializer, also=CONFLICT)
    def post(self, request: Request, merge_id: int) -> Response:
        """Two leads again: what is still where the merge put it goes back, what came since stays."""
        merge = access_merge(request.user, self.workspace, merge_id, self.needed_action)
        return Response(MergeSerializer(undo_merge(merge=merge, user=request.user, now=clock.now())).data)


class ProposalList(WorkspaceView):
    pagination_class = Newest

    @documented("people", ProposalSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Pairs of leads whom a provider named as one person, and nobody has decided on."""
        waiting = MergeProposal.objects.filter(settled_at=None).select_related("first", "second")
        return self.page(waiting, ProposalSerializer)


class DeclineProposal(WorkspaceView):
    @documented("people", None, code=204)
    def post(self, request: Request, proposal_id: int) -> Response:
        """Say that the two are two people; nobody asks again."""
        require(request.user, self.workspace, self.needed_action)
        proposal = MergeProposal.objects.filter(pk=proposal_id).select_related("first", "second").first()
        if proposal is None:
            raise NotFound("There is no such proposal.")
        decline_proposal(proposal=proposal, user=request.user, now=clock.now())
        return Response(status=204)


class SuppressionList(WorkspaceView):
    pagination_class = Newest

    @documented("people", SuppressionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Whoever must get no marketing, known to you or not."""
        return self.page(Suppression.objects.all(), SuppressionSerializer)

    @documented("people", TakenSerializer, takes=SuppressionListSerializer)
    def post(self, request: Request) -> Response:
        """Take a list in. The same list again changes nothing; wrong lines are named and left out."""
        require(request.user, self.workspace, "configure")
        given = self.checked(SuppressionListSerializer(data=request.data))
        read = read_list(given["list"])
        taken = import_list(
            self.workspace, read, given["source"], request.user, is_preview=given["is_preview"], now=clock.now()
        )
        return Response(TakenSerializer(taken).data)


class SuppressionExport(WorkspaceView):
    @documented("people", OpenApiResponse(OpenApiTypes.STR, "CSV"))
    def get(self, request: Request) -> Response:
        """The list as CSV."""
        require(request.user, self.workspace, "configure")
        return csv_file(write_list(self.workspace), "suppressions.csv")  # type: ignore[return-value]


class ConsentExport(WorkspaceView):
    @documented("people", OpenApiResponse(OpenApiTypes.STR, "CSV"))
    def get(self, request: Request) -> Response:
        """Every line of the ledger as CSV."""
        require(request.user, self.workspace, "configure")
        return csv_file(write_ledger(self.workspace), "consent.csv")  # type: ignore[return-value]
