"""Sending again what was delivered or given up: the same id and the same words."""

from datetime import datetime

from project.kernel.errors import WrongValues
from webhooks.models import Delivery, DeliveryState, Subscription


def replay_delivery(*, delivery: Delivery, now: datetime) -> bool:
    """Another round of tries; False when it waits already. Raises WrongValues for a disabled webhook."""
    return _replay(delivery.subscription, [delivery.pk], now) == 1


def replay_failed(*, subscription: Subscription, now: datetime) -> int:
    """All that was given up, in the order in which it happened; how many that are."""
    failed = Delivery.objects.filter(subscription=subscription, state=DeliveryState.FAILED)
    return _replay(subscription, list(failed.values_list("pk", flat=True)), now)


def _replay(subscription: Subscription, chosen: list[int], now: datetime) -> int:
    if not subscription.is_active:
        raise WrongValues({"webhook": "is disabled: enable it first"})
    ended = Delivery.objects.filter(pk__in=chosen).exclude(state=DeliveryState.PENDING)
    return ended.update(state=DeliveryState.PENDING, due_at=now, tried_since=None, ended_at=None, error="")
