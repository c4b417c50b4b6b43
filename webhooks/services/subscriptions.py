"""Subscribing other systems: to which events, at which address, with which secret."""

import json
from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection, transaction

from crm.models import Workspace
from project.kernel.errors import WrongValues
from project.kernel.scope import across_workspaces
from webhooks.events import EVENTS, PING, facts_of
from webhooks.models import Delivery, DeliveryState, Subscription
from webhooks.signing import new_secret

MOST: Final = 20
"""Of one workspace: each costs a row at every fact."""


def create_subscription(
    *, workspace: Workspace, url: str, events: Collection[str], name: str = "", now: datetime
) -> Subscription:
    """Its secret is made here and stands in `secrets`. Raises WrongValues."""
    values = checked(url=url, events=events, name=name)
    if Subscription.objects.filter(workspace=workspace).count() >= MOST:
        raise WrongValues({"url": f"a workspace has at most {MOST} webhooks"})
    return Subscription.objects.create(workspace=workspace, secrets={"secret": new_secret()}, created_at=now, **values)


def change_subscription(*, subscription: Subscription, url: str, events: Collection[str], name: str) -> None:
    """Raises WrongValues. What waits already is sent to the new address."""
    values = checked(url=url, events=events, name=name)
    for field, value in values.items():
        setattr(subscription, field, value)
    subscription.save(update_fields=list(values))


def enable_subscription(*, subscription: Subscription) -> None:
    subscription.is_active = True
    subscription.disabled_at = subscription.failing_since = subscription.rests_until = None
    subscription.disabled_reason, subscription.failures = "", 0
    subscription.save(
        update_fields=["is_active", "disabled_at", "disabled_reason", "failing_since", "failures", "rests_until"]
    )


@transaction.atomic
def disable_subscription(*, subscription: Subscription, reason: str, now: datetime) -> bool:
    """Nothing more is noted for it, and what waited is given up, to be replayed by hand. False when it was so."""
    active = Subscription.objects.filter(pk=subscription.pk, is_active=True)
    if not active.update(is_active=False, disabled_at=now, disabled_reason=reason[:255]):
        return False
    subscription.is_active, subscription.disabled_at, subscription.disabled_reason = False, now, reason[:255]
    waiting = Delivery.objects.filter(subscription=subscription, state=DeliveryState.PENDING)
    waiting.update(
        state=DeliveryState.FAILED, due_at=None, claimed_until=None, ended_at=now, error="the webhook was disabled"
    )
    return True


def replace_secret(*, subscription: Subscription) -> str:
    """The new secret; from now on everything is signed with it."""
    subscription.secrets = {"secret": new_secret()}
    subscription.save(update_fields=["secrets"])
    return str(subscription.secrets["secret"])


def send_test(*, subscription: Subscription, now: datetime) -> Delivery:
    """A `ping`, delivered like everything else. Raises WrongValues for a webhook that is not active."""
    if not subscription.is_active:
        raise WrongValues({"webhook": "is disabled: enable it first"})
    return Delivery.objects.create(
        workspace_id=subscription.workspace_id,
        subscription=subscription,
        fact=PING,
        details={"reason": "Somebody pressed “Send a test”."},
        at=now,
        due_at=now,
    )


def refresh_facts(**_: Any) -> None:
    """After a release that knows more facts of an event, stored subscriptions listen for them too.

    Called after each migration, also one that ends before this app's first.
    """
    if Subscription._meta.db_table not in connection.introspection.table_names():
        return
    with across_workspaces():
        for subscription in Subscription.objects.only("events", "facts"):
            wanted = facts_of(name for name in subscription.events if name in EVENTS)
            if subscription.facts != wanted:
                Subscription.objects.filter(pk=subscription.pk).update(facts=wanted)


def checked(*, url: str, events: Collection[str], name: str) -> dict[str, Any]:
    problems = {}
    if why := _why_not_url(url):
        problems["url"] = why
    if not events:
        problems["events"] = "choose at least one"
    if unknown := sorted(set(events) - set(EVENTS)):
        problems["events"] = f"{json.dumps(unknown[0])} is none of: {', '.join(EVENTS)}"
    if len(name) > 100:
        problems["name"] = "has more than 100 characters"
    if problems:
        raise WrongValues(problems)
    chosen = [event for event in EVENTS if event in events]
    return {"url": url, "events": chosen, "facts": facts_of(chosen), "name": name}


def _why_not_url(url: str) -> str:
    """Which address it has is looked at when it is called; here only whether it can be called at all."""
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_address = False
    if not is_address or len(url) > 2000 or any(letter.isspace() or not letter.isprintable() for letter in url):
        return "must be an address, like https://crm.example.com/baton"
    if parts.username is not None or parts.fragment:
        return "must not carry a login or a fragment"
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.REACHABLE_NETWORKS):
        return "must begin with https://"
    return ""
