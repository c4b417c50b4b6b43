"""Quality of the agent, and the verdicts of people on its handovers."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from analytics.quality.report import Report, read_report
from analytics.services.verdicts import judge_handover
from project.kernel import clock

from .base import WorkspaceView
from .handovers import HandoverView
from .schema import documented
from .serializers import HandoverSerializer


class QualityFilter(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, max_value=366, default=30)


class IntentLineSerializer(serializers.Serializer[Any]):
    intent = serializers.CharField()
    turns = serializers.IntegerField()
    replied = serializers.IntegerField()
    handed_over = serializers.IntegerField()
    silent = serializers.IntegerField()
    flawed = serializers.IntegerField()
    coherence = serializers.FloatField(allow_null=True)
    groundedness = serializers.FloatField(allow_null=True)
    appropriateness = serializers.FloatField(allow_null=True)
    sentiment_trend = serializers.FloatField(allow_null=True)


class TriggerLineSerializer(serializers.Serializer[Any]):
    trigger = serializers.CharField()
    handovers = serializers.IntegerField()
    judged = serializers.IntegerField()
    needed = serializers.IntegerField()
    precision = serializers.IntegerField(allow_null=True, help_text="Per cent of those judged.")


class QualitySerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    conversations = serializers.IntegerField(help_text="In which the agent spoke.")
    alone = serializers.IntegerField(help_text="Of them, without any person.")
    share_alone = serializers.IntegerField(allow_null=True)
    turns = serializers.IntegerField()
    without_model = serializers.IntegerField()
    flawed = serializers.IntegerField()
    unanswered = serializers.IntegerField(help_text="Handovers for a question beyond the knowledge.")
    precision = serializers.IntegerField(allow_null=True, help_text="Per cent of judged handovers that were needed.")
    intents = IntentLineSerializer(many=True)
    triggers = TriggerLineSerializer(many=True)


class HandoverVerdictSerializer(serializers.Serializer[Any]):
    was_needed = serializers.BooleanField()


def shown_report(report: Report) -> dict[str, Any]:
    figures = asdict(report)
    figures |= {name: getattr(report, name) for name in ("share_alone", "precision")}
    figures["triggers"] = [{**asdict(line), "precision": line.precision} for line in report.triggers]
    return figures


class Quality(WorkspaceView):
    @documented("quality", QualitySerializer, parameters=[QualityFilter])
    def get(self, request: Request) -> Response:
        """How the agent does: by intent, by the reason of handovers, and by the checks of each turn."""
        days = self.checked(QualityFilter(data=request.query_params))["days"]
        report = read_report(workspace=self.workspace, days=days, now=clock.now())
        return Response(QualitySerializer(shown_report(report)).data)


class JudgeHandover(HandoverView):
    @documented("handovers", HandoverSerializer, takes=HandoverVerdictSerializer)
    def post(self, request: Request, handover_id: int) -> Response:
        """Say whether a person was needed. The latest word stands."""
        handover = self.handover()
        was_needed = self.checked(HandoverVerdictSerializer(data=request.data))["was_needed"]
        judge_handover(handover=handover, was_needed=was_needed, user=request.user, now=clock.now())
        return self.shown(handover)
