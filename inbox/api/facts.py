"""What is known of a lead: facts with their source, scores with their parts, tags."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.models import LeadFact, LeadScore, LeadTag
from agents.qualification.corrections import correct_fact, tag_lead, untag_lead
from agents.qualification.fields import FIELDS, LONGEST_VALUE
from crm.access import NotFound, access_lead
from crm.models import Lead
from project.kernel import clock
from project.kernel.errors import WrongValues

from .base import WorkspaceView
from .schema import documented
from .serializers import PersonSerializer


class FactSerializer(serializers.ModelSerializer[LeadFact]):
    user = PersonSerializer(read_only=True, allow_null=True)
    message = serializers.UUIDField(
        source="message_id", read_only=True, allow_null=True, help_text="The customer's message that said so."
    )
    is_current = serializers.SerializerMethodField()

    class Meta:
        model = LeadFact
        fields = ["field", "value", "source", "confidence", "message", "words", "user", "at", "is_current"]

    def get_is_current(self, fact: LeadFact) -> bool:
        return fact.superseded_at is None


class ScoreSerializer(serializers.ModelSerializer[LeadScore]):
    parts = serializers.DictField(help_text="For each score the parts that make it up: `[what, points]`.")

    class Meta:
        model = LeadScore
        fields = ["engagement", "intent", "fit", "parts", "computed_at"]


class QualificationSerializer(serializers.Serializer[Any]):
    facts = FactSerializer(many=True, help_text="Current facts and their history, the newest first.")
    scores = ScoreSerializer(allow_null=True)
    tags = serializers.ListField(child=serializers.CharField())


class FactCorrectionSerializer(serializers.Serializer[Any]):
    field = serializers.ChoiceField(choices=list(FIELDS))
    value = serializers.CharField(
        max_length=LONGEST_VALUE, allow_blank=True, help_text="Empty: take the fact away, for good."
    )


class TagSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=40)


class QualificationView(WorkspaceView):
    def lead(self) -> Lead:
        return access_lead(self.request.user, self.workspace, self.kwargs["lead_id"], self.needed_action)

    def shown(self, lead: Lead) -> Response:
        tags = LeadTag.objects.filter(lead=lead, removed_at=None)
        known = {
            "facts": LeadFact.objects.filter(lead=lead).select_related("user").order_by("-id")[:200],
            "scores": LeadScore.objects.filter(lead=lead, computed_at__isnull=False).first(),
            "tags": tags.order_by("name").values_list("name", flat=True),
        }
        return Response(QualificationSerializer(known).data)


class LeadFacts(QualificationView):
    @documented("leads", QualificationSerializer)
    def get(self, request: Request, lead_id: int) -> Response:
        """What is known of the lead: every fact with the words that said so, scores with their parts, tags."""
        return self.shown(self.lead())

    @documented("leads", QualificationSerializer, takes=FactCorrectionSerializer)
    def post(self, request: Request, lead_id: int) -> Response:
        """Enter, confirm, change or take away a fact. No later reading of a message replaces a person's word."""
        lead = self.lead()
        wanted = self.checked(FactCorrectionSerializer(data=request.data))
        try:
            correct_fact(lead=lead, user=request.user, now=clock.now(), **wanted)
        except WrongValues as error:
            raise serializers.ValidationError({"value": list(error.problems.values())}) from error
        return self.shown(lead)


class LeadTags(QualificationView):
    @documented("leads", QualificationSerializer, takes=TagSerializer)
    def post(self, request: Request, lead_id: int) -> Response:
        """Tag the lead."""
        lead = self.lead()
        name = self.checked(TagSerializer(data=request.data))["name"]
        try:
            tag_lead(lead=lead, name=name, user=request.user, now=clock.now())
        except WrongValues as error:
            raise serializers.ValidationError({"name": list(error.problems.values())}) from error
        return self.shown(lead)


class LeadTagDetail(QualificationView):
    @documented("leads", QualificationSerializer)
    def delete(self, request: Request, lead_id: int, name: str) -> Response:
        """Take a tag away, for good: no reading of a message puts it back."""
        lead = self.lead()
        if not untag_lead(lead=lead, name=name, user=request.user, now=clock.now()):
            raise NotFound("This lead has no such tag.")
        return self.shown(lead)
