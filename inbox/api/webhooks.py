from typing import Any
from uuid import UUID

from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from crm.access import require
from project.kernel import clock
from webhooks.access import access_delivery, access_subscription
from webhooks.events import EVENTS, event_of
from webhooks.models import Delivery, DeliveryTry, Subscription
from webhooks.queries import log_of, subscriptions
from webhooks.services.replaying import replay_delivery, replay_failed
from webhooks.services.subscriptions import (
    change_subscription,
    create_subscription,
    disable_subscription,
    enable_subscription,
    send_test,
)

from .base import WorkspaceView
from .pagination import Cursor
from .schema import documented


class WebhookSerializer(serializers.ModelSerializer[Subscription]):
    """Another system that is told what happens. A disabled one says why."""

    class Meta:
        model = Subscription
        fields = ["id", "name", "url", "events", "is_active", "failing_since", "disabled_at", "disabled_reason"]


class NewWebhookAnswerSerializer(WebhookSerializer):
    secret = serializers.CharField(source="secrets.secret", help_text="Shown this once: deliveries are signed with it.")

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class WebhookSettingsSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=2000)
    events = serializers.ListField(child=serializers.CharField(max_length=64), help_text=f"Of: {', '.join(EVENTS)}.")
    name = serializers.CharField(max_length=100, allow_blank=True, default="")


class WebhookChangesSerializer(serializers.Serializer[Any]):
    url = serializers.CharField(max_length=2000, required=False)
    events = serializers.ListField(child=serializers.CharField(max_length=64), required=False)
    name = serializers.CharField(max_length=100, allow_blank=True, required=False)


class DeliveryTrySerializer(serializers.ModelSerializer[DeliveryTry]):
    class Meta:
        model = DeliveryTry
        fields = ["number", "at", "seconds", "status_code", "error"]


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    id = serializers.UUIDField(source="key", read_only=True)
    event = serializers.SerializerMethodField()
    tries = DeliveryTrySerializer(many=True, read_only=True)

    class Meta:
        model = Delivery
        fields = ["id", "event", "lead", "at", "state", "attempts_made", "due_at", "status_code", "error", "tries"]

    def get_event(self, delivery: Delivery) -> str:
        return event_of(delivery.fact)


class ReplayedSerializer(serializers.Serializer[Any]):
    replayed = serializers.IntegerField(help_text="How many are sent again.")


class NewestDeliveries(Cursor):
    ordering = ("-id",)


class WebhookList(WorkspaceView):
    @documented("webhooks", WebhookSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The systems that are told, for those who configure the workspace."""
        require(request.user, self.workspace, "configure")
        return Response(WebhookSerializer(subscriptions(), many=True).data)

    @documented("webhooks", NewWebhookAnswerSerializer, takes=WebhookSettingsSerializer, code=201)
    def post(self, request: Request) -> Response:
        """Tell another system from now on. The answer holds its secret, this once."""
        require(request.user, self.workspace, "configure")
        given = self.checked(WebhookSettingsSerializer(data=request.data))
        made = create_subscription(workspace=self.workspace, now=clock.now(), **given)
        return Response(NewWebhookAnswerSerializer(made).data, status=status.HTTP_201_CREATED)


class WebhookView(WorkspaceView):
    def subscription(self) -> Subscription:
        return access_subscription(self.request.user, self.workspace, self.kwargs["subscription_id"])

    def shown(self, subscription: Subscription) -> Response:
        return Response(WebhookSerializer(Subscription.objects.get(pk=subscription.pk)).data)


class WebhookDetail(WebhookView):
    @documented("webhooks", WebhookSerializer)
    def get(self, request: Request, subscription_id: int) -> Response:
        """One of them."""
        return self.shown(self.subscription())

    @documented("webhooks", WebhookSerializer, takes=WebhookChangesSerializer)
    def patch(self, request: Request, subscription_id: int) -> Response:
        """Another address, name, or choice of events. What waits already goes to the new address."""
        subscription = self.subscription()
        given = self.checked(WebhookChangesSerializer(data=request.data))
        known = {name: getattr(subscription, name) for name in ("url", "events", "name")}
        change_subscription(subscription=subscription, **{**known, **given})
        return self.shown(subscription)

    @documented("webhooks", None, code=204)
    def delete(self, request: Request, subscription_id: int) -> Response:
        """Tell it nothing more, and forget its log."""
        self.subscription().delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


class EnableWebhook(WebhookView):
    @documented("webhooks", WebhookSerializer)
    def post(self, request: Request, subscription_id: int) -> Response:
        """Tell it again. What failed meanwhile is replayed on request."""
        subscription = self.subscription()
        enable_subscription(subscription=subscription)
        return self.shown(subscription)


class DisableWebhook(WebhookView):
    @documented("webhooks", WebhookSerializer)
    def post(self, request: Request, subscription_id: int) -> Response:
        """Tell it nothing until it is enabled again; what waits has failed."""
        subscription = self.subscription()
        disable_subscription(subscription=subscription, reason=f"{request.user} disabled it.", now=clock.now())
        return self.shown(subscription)


class TestWebhook(WebhookView):
    @documented("webhooks", DeliverySerializer, code=201)
    def post(self, request: Request, subscription_id: int) -> Response:
        """Send a `ping`; the log tells what was answered."""
        sent = send_test(subscription=self.subscription(), now=clock.now())
        return Response(DeliverySerializer(sent).data, status=status.HTTP_201_CREATED)


class WebhookDeliveries(WebhookView):
    pagination_class = NewestDeliveries

    @documented("webhooks", DeliverySerializer(many=True))
    def get(self, request: Request, subscription_id: int) -> Response:
        """The log, newest first: each delivery with its tries."""
        return self.page(log_of(self.subscription()), DeliverySerializer)


class ReplayWebhook(WebhookView):
    @documented("webhooks", ReplayedSerializer)
    def post(self, request: Request, subscription_id: int) -> Response:
        """Send everything again that failed, in the order in which it happened."""
        return Response({"replayed": replay_failed(subscription=self.subscription(), now=clock.now())})


class ReplayDelivery(WorkspaceView):
    @documented("webhooks", ReplayedSerializer)
    def post(self, request: Request, delivery_id: UUID) -> Response:
        """Send one delivery again, with its id and its words unchanged; 0 when it waits already."""
        delivery = access_delivery(request.user, self.workspace, delivery_id)
        return Response({"replayed": int(replay_delivery(delivery=delivery, now=clock.now()))})
