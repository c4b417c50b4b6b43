from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from agents.spending.limits import FIELDS, limits_of, set_model_limits
from agents.spending.reports import chosen_days, report_costs
from crm.access import require
from project.kernel import clock

from .base import WorkspaceView
from .schema import documented


class SpanFilter(serializers.Serializer[Any]):
    since = serializers.DateField(required=False, help_text="The first day, in the workspace's zone; else 30 days ago.")
    until = serializers.DateField(required=False, help_text="The last day, included; else today.")


class Dollars(serializers.DecimalField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=14, decimal_places=6, **options)


class PartSerializer(serializers.Serializer[Any]):
    """The calls of one model or crew."""

    name = serializers.CharField()
    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    cached = serializers.IntegerField(help_text="Readings that the cache spared.")
    tokens = serializers.IntegerField()
    cost = Dollars(help_text="US dollars.")
    unpriced = serializers.IntegerField(help_text="Calls of models without a known price.")


class DearSerializer(serializers.Serializer[Any]):
    conversation = serializers.IntegerField(source="conversation_id")
    lead = serializers.CharField()
    calls = serializers.IntegerField()
    cost = Dollars()


class CostReportSerializer(serializers.Serializer[Any]):
    since = serializers.DateField()
    until = serializers.DateField()
    calls = serializers.IntegerField()
    failed = serializers.IntegerField()
    cached = serializers.IntegerField()
    tokens = serializers.IntegerField()
    cost = Dollars(help_text="US dollars.")
    unpriced = serializers.IntegerField(help_text="Calls of models without a known price; their cost is missing.")
    cost_per_conversation = Dollars(allow_null=True)
    conversations = serializers.IntegerField(help_text="In which the agent took a turn.")
    turns = serializers.IntegerField()
    turns_without_model = serializers.IntegerField(help_text="Decided by rules or by the trained analyst.")
    share_of_turns_without_model = serializers.FloatField(allow_null=True)
    resolved = serializers.IntegerField()
    resolved_without_model = serializers.IntegerField(help_text="In which no model was ever asked.")
    share_resolved_without_model = serializers.FloatField(allow_null=True)
    by_day = serializers.SerializerMethodField()
    by_model = PartSerializer(many=True)
    by_crew = PartSerializer(many=True)
    by_failure = serializers.DictField(child=serializers.IntegerField())
    dearest = DearSerializer(many=True, help_text="The conversations that cost most.")

    def get_by_day(self, report: Any) -> dict[str, str]:
        return {day.isoformat(): f"{cost:f}" for day, cost in report.by_day}


class Limit(serializers.DecimalField):
    def __init__(self, of: str) -> None:
        super().__init__(
            max_digits=10,
            decimal_places=4,
            min_value=0,
            allow_null=True,
            required=False,
            help_text=f"US dollars {of}; null: the installation's own limit.",
        )


class ModelLimitsSerializer(serializers.Serializer[Any]):
    per_conversation = Limit("for one conversation")
    per_day = Limit("for a day")
    per_month = Limit("for a calendar month")


class LimitsInForceSerializer(serializers.Serializer[Any]):
    """In US dollars; null is no limit."""

    per_conversation = Dollars(source="conversation", allow_null=True)
    per_day = Dollars(source="day", allow_null=True)
    per_month = Dollars(source="month", allow_null=True)


class ModelCosts(WorkspaceView):
    @documented("reasoning", CostReportSerializer, parameters=[SpanFilter])
    def get(self, request: Request) -> Response:
        """What models cost, by day, model and crew, and how much was answered without one."""
        wanted = self.checked(SpanFilter(data=request.query_params))
        since, until = chosen_days(
            self.workspace, since=wanted.get("since"), until=wanted.get("until"), now=clock.now()
        )
        return Response(CostReportSerializer(report_costs(workspace=self.workspace, since=since, until=until)).data)


class ModelLimitsView(WorkspaceView):
    @documented("reasoning", LimitsInForceSerializer)
    def get(self, request: Request) -> Response:
        """The limits in force: the workspace's own, else the installation's."""
        return Response(LimitsInForceSerializer(limits_of(self.workspace)).data)

    @documented("reasoning", LimitsInForceSerializer, takes=ModelLimitsSerializer)
    def patch(self, request: Request) -> Response:
        """Change what models may cost. From 80 % of a limit on cheaper models are asked, from 100 % none."""
        require(request.user, self.workspace, "configure")
        values = self.checked(ModelLimitsSerializer(data=request.data))
        set_model_limits(
            workspace=self.workspace, values={name: values[name] for name in FIELDS if name in values}, now=clock.now()
        )
        return Response(LimitsInForceSerializer(limits_of(self.workspace)).data)
