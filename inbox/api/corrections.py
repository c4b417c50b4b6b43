from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.corrections import NothingToLearn, correct_reading
from agents.models import Correction
from agents.models.corrections import INTENTS
from agents.reasoning.ports import Intent
from project.kernel import clock

from .base import WorkspaceView
from .errors import Conflict
from .pagination import NewestCorrections
from .schema import CONFLICT, documented
from .undelivered import MessageView


class NewCorrectionSerializer(serializers.Serializer[Any]):
    intent = serializers.ChoiceField(INTENTS, help_text="What the message meant: see docs/intents.md.")


class CorrectionSerializer(serializers.ModelSerializer[Correction]):
    corrected_by = serializers.CharField(allow_null=True)

    class Meta:
        model = Correction
        fields = ["id", "message", "text", "intent", "was_read_as", "corrected_by", "corrected_at"]


class Correct(MessageView):
    @documented("messages", CorrectionSerializer, takes=NewCorrectionSerializer, also=CONFLICT)
    def post(self, request: Request, message_id: UUID) -> Response:
        """Say what a customer's message really meant.

        The same words are read like that in this workspace from now on, and words like them after the next training,
        a minute later. Nothing is sent and nobody is called: what is past stays as it was.
        """
        message = self.message()
        intent = Intent(self.checked(NewCorrectionSerializer(data=request.data))["intent"])
        try:
            correction = correct_reading(message=message, intent=intent, user=request.user, now=clock.now())
        except NothingToLearn as error:
            raise Conflict(str(error)) from error
        return Response(CorrectionSerializer(correction).data)


class CorrectionList(WorkspaceView):
    pagination_class = NewestCorrections

    @documented("messages", CorrectionSerializer(many=True))
    def get(self, request: Request) -> Response:
        """What people taught the analyst of this workspace, newest first."""
        rows = Correction.objects.filter(workspace=self.workspace).select_related("corrected_by")
        return self.page(rows, CorrectionSerializer)
