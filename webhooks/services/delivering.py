"""Delivering: one call at a time for each lead and subscription, in order, until it is taken or a day has passed.

Claim, call, settle: no transaction is open across the call. A claim is a lease; a worker that died leaves a row that
the next sweep finds, and a receiver that gets it twice knows it by its id.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import httpx
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce

from messaging.public_http import is_private_refusal, public_client
from project.kernel.due import is_any_due
from project.kernel.leases import ClockTimestamp
from project.kernel.scope import across_workspaces, workspace_scope
from webhooks.events import event_of
from webhooks.models import Delivery, DeliveryState, DeliveryTry, Subscription
from webhooks.payloads import body_of
from webhooks.signing import HEADER, sign

from .subscriptions import disable_subscription
from .telling import tell_team

logger = logging.getLogger(__name__)

CALL_SECONDS: Final = 10.0
LEASE: Final = timedelta(seconds=60)
RESTS: Final = tuple(timedelta(seconds=seconds) for seconds in (10, 60, 300, 900, 3600, 7200))
"""After each failure of a delivery in turn; the last of them from then on."""
GIVE_UP_AFTER: Final = timedelta(hours=24)
LONGEST_REST: Final = timedelta(minutes=5)
"""Of a subscription that does not answer: its other deliveries need not each find that out."""
KEPT_FOR: Final = timedelta(days=30)
FORGOTTEN_AT_ONCE: Final = 500

# Subscription by subscription, each through its own index: one that is away with many thousands waiting costs nothing.
# An earlier delivery of the same lead that is locked or being sent still counts as waiting.
_NEXT: Final = """
    SELECT due.id
      FROM webhooks_subscription AS subscription
      CROSS JOIN LATERAL (
            SELECT delivery.id, delivery.due_at
              FROM webhooks_delivery AS delivery
             WHERE delivery.subscription_id = subscription.id
               AND delivery.state = 'pending' AND delivery.due_at <= %(now)s
               AND (delivery.claimed_until IS NULL OR delivery.claimed_until < clock_timestamp())
               AND NOT EXISTS (
                   SELECT 1 FROM webhooks_delivery AS earlier
                    WHERE earlier.subscription_id = delivery.subscription_id AND earlier.lead_id = delivery.lead_id
                      AND earlier.state = 'pending' AND earlier.id < delivery.id)
             ORDER BY delivery.due_at, delivery.id
             LIMIT 1
             FOR NO KEY UPDATE OF delivery SKIP LOCKED
      ) AS due
     WHERE subscription.is_active AND (subscription.rests_until IS NULL OR subscription.rests_until <= %(now)s)
     LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended: with a status, or with the reason why there is none."""

    seconds: float
    status_code: int | None = None
    error: str = ""

    @property
    def is_taken(self) -> bool:
        return self.status_code is not None and 200 <= self.status_code < 300


def has_due_deliveries(now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT.replace("FOR NO KEY UPDATE OF delivery SKIP LOCKED", ""), {"now": now})
        return cursor.fetchone() is not None


def deliver_one_due_event(now: datetime) -> bool:
    """Send the next delivery that may go; False when there is none."""
    with across_workspaces(), transaction.atomic():
        delivery = _claim(now)
    if delivery is None:
        return False
    with workspace_scope(delivery.workspace_id):
        answer = _call(delivery, now)
        _settle(delivery, answer, now)
    return True


def _claim(now: datetime) -> Delivery | None:
    with connection.cursor() as cursor:
        cursor.execute(_NEXT, {"now": now})
        found = cursor.fetchone()
    if found is None:
        return None
    delivery = Delivery.objects.select_related("subscription", "workspace").get(pk=found[0])
    delivery.attempts_made += 1
    delivery.tried_since = delivery.tried_since or now
    delivery.body = delivery.body or body_of(delivery)
    Delivery.objects.filter(pk=delivery.pk).update(
        attempts_made=delivery.attempts_made,
        tried_since=delivery.tried_since,
        body=delivery.body,
        claimed_until=ClockTimestamp() + LEASE,
    )
    return delivery


def _call(delivery: Delivery, now: datetime) -> Answer:
    """A redirect is no success: where a webhook goes is what was entered, and nothing else."""
    body = delivery.body.encode()
    secret = str(delivery.subscription.secrets["secret"])
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "Baton-Webhooks/1",
        "Baton-Event": event_of(delivery.fact),
        "Baton-Delivery": str(delivery.key),
        HEADER: sign(secret, body, int(now.timestamp())),
    }
    began = time.monotonic()
    try:
        with (
            public_client(read_seconds=CALL_SECONDS) as client,
            client.stream("POST", delivery.subscription.url, content=body, headers=headers) as answer,
        ):  # the status says it all: what else is answered is not read
            return Answer(time.monotonic() - began, answer.status_code)
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return Answer(time.monotonic() - began, error=_words(error))


def _words(error: Exception) -> str:
    if is_private_refusal(error):
        return "the address lies in a private network, which is not called"
    return f"{type(error).__name__}: {error}"[:255]


@transaction.atomic
def _settle(delivery: Delivery, answer: Answer, now: datetime) -> None:
    """Unless a later worker has taken it meanwhile."""
    DeliveryTry.objects.create(
        workspace_id=delivery.workspace_id,
        delivery=delivery,
        number=delivery.attempts_made,
        at=now,
        seconds=round(answer.seconds, 3),
        status_code=answer.status_code,
        error=answer.error,
    )
    outcome = _outcome(delivery, answer, now)
    ours = Delivery.objects.filter(pk=delivery.pk, state=DeliveryState.PENDING, attempts_made=delivery.attempts_made)
    ours.update(claimed_until=None, status_code=answer.status_code, error=answer.error, **outcome)
    _follow(delivery.subscription, answer, now)


def _outcome(delivery: Delivery, answer: Answer, now: datetime) -> dict[str, object]:
    if answer.is_taken:
        return {"state": DeliveryState.DELIVERED, "due_at": None, "ended_at": now}
    if now - (delivery.tried_since or now) >= GIVE_UP_AFTER:
        return {"state": DeliveryState.FAILED, "due_at": None, "ended_at": now}
    return {"due_at": now + RESTS[min(delivery.attempts_made, len(RESTS)) - 1]}


def _follow(subscription: Subscription, answer: Answer, now: datetime) -> None:
    """One success says that the receiver is there; a day without one that nobody listens any more."""
    known = Subscription.objects.filter(pk=subscription.pk)
    if answer.is_taken:
        if subscription.failing_since or subscription.failures:
            known.update(failing_since=None, failures=0, rests_until=None)
        return
    rest = min(timedelta(seconds=5 * 2 ** min(subscription.failures, 10)), LONGEST_REST)
    known.update(failures=F("failures") + 1, failing_since=Coalesce("failing_since", now), rests_until=now + rest)
    if subscription.failing_since and now - subscription.failing_since >= GIVE_UP_AFTER:
        reason = f"Every call failed for a day; the last one: {answer.error or f'HTTP {answer.status_code}'}."
        if disable_subscription(subscription=subscription, reason=reason, now=now):
            tell_team(subscription, reason, now=now)


# -- and no more ---------------------------------------------------------------------------------------------------


def has_old_deliveries(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(_old(now), by="ended_at")


def forget_old_deliveries(now: datetime) -> bool:
    """A delivery that ended a month ago is of no more use; False when there was none."""
    with across_workspaces():
        chosen = list(_old(now).order_by("ended_at").values_list("pk", flat=True)[:FORGOTTEN_AT_ONCE])
        return bool(chosen and Delivery.objects.filter(pk__in=chosen).delete()[0])


def _old(now: datetime) -> QuerySet[Delivery]:
    return Delivery.objects.filter(ended_at__lt=now - KEPT_FOR)
