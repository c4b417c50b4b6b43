"""The doors to subscriptions and their deliveries."""

from uuid import UUID

from crm.access import NotFound, require
from crm.models import User, Workspace

from .models import Delivery, Subscription


def access_subscription(user: User, workspace: Workspace, subscription_id: int) -> Subscription:
    """For those who configure the workspace. Raises NotFound or NotAllowed."""
    require(user, workspace, "configure")
    found = Subscription.objects.filter(workspace=workspace, pk=subscription_id).first()
    if found is None:
        raise NotFound("There is no such webhook.")
    return found


def access_delivery(user: User, workspace: Workspace, key: UUID) -> Delivery:
    require(user, workspace, "configure")
    found = Delivery.objects.filter(workspace=workspace, key=key).select_related("subscription").first()
    if found is None:
        raise NotFound("There is no such delivery.")
    return found
