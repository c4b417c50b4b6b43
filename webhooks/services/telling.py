"""Telling the team that a webhook is not called any more."""

from datetime import datetime

from django.urls import reverse

from agents.alerts import alert_operators
from webhooks.models import Subscription


def tell_team(subscription: Subscription, reason: str, *, now: datetime) -> None:
    alert_operators(
        workspace=subscription.workspace,
        key=f"webhook:{subscription.pk}:{now.isoformat()}",
        headline=f"The webhook {subscription} was disabled",
        text=f"{reason}\nNothing more is sent there. Repair it, enable it, and replay what failed.",
        path=reverse("inbox:settings_webhook", args=[subscription.workspace.slug, subscription.pk]),
        now=now,
    )
