"""The delivery log, as screens, API and command show it."""

from django.db.models import QuerySet

from .models import Delivery, Subscription

LOG = 50


def subscriptions() -> QuerySet[Subscription]:
    return Subscription.objects.order_by("id")


def log_of(subscription: Subscription) -> QuerySet[Delivery]:
    """The newest first, each with its tries: no query per row."""
    return Delivery.objects.filter(subscription=subscription).prefetch_related("tries").order_by("-id")
