"""Settling what is unknown: the provider's callback does it first, else the provider is asked.

Twilio's list has no tag to search by: a message of ours is recognised by recipient, words and time, and by not
being claimed by another of our messages. https://www.twilio.com/docs/messaging/api/message-resource#read-multiple
"""

import logging
from datetime import datetime, timedelta

from django.db.models import F, QuerySet

from messaging import transports
from messaging.models import Attempt, Message, ServiceWindow
from messaging.models.deliveries import AttemptState
from messaging.transports import Receipt, Seen
from project.kernel.due import is_any_due
from project.kernel.leases import ClockTimestamp
from project.kernel.scope import across_workspaces, workspace_scope

from . import dispatch
from .settlement import doubt_overdue, settle_abandoned, settle_absent, settle_accepted

logger = logging.getLogger(__name__)

BELIEVE_ABSENCE_AFTER = timedelta(seconds=60)
"""A message missing from the provider's list is believed to be missing only this long after the call."""

ASK_AGAIN_AFTER = timedelta(seconds=20)
SOON = timedelta(seconds=1)
CLOCK_SLACK = timedelta(seconds=60)
"""How far the provider's clock may be from PostgreSQL's."""


def has_overdue_attempts(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(_overdue(), by="deadline_at")


def doubt_one_overdue_attempt(now: datetime) -> bool:
    """Turn one call of a dead process into an unknown outcome."""
    with across_workspaces():
        attempt = _overdue().select_related("workspace").first()
    if attempt is None:
        return False
    with workspace_scope(attempt.workspace):
        doubt_overdue(attempt_id=attempt.pk, now=now)
    return True


def has_unsettled_attempts(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(_unsettled(now), by="settle_at")


def settle_one_unknown_attempt(now: datetime) -> bool:
    """Ask the provider about one attempt in doubt; False when none is due."""
    with across_workspaces():
        attempt = _unsettled(now).select_related("workspace").order_by("settle_at").first()
        if attempt is None:
            return False
        next_look = min(now + ASK_AGAIN_AFTER, max(now + SOON, _given_up_at(attempt)))
        is_ours = _unsettled(now).filter(pk=attempt.pk).update(settle_at=next_look)
    if is_ours:
        with workspace_scope(attempt.workspace):
            _settle(attempt, now)
    return True


def _overdue() -> QuerySet[Attempt]:
    return Attempt.objects.filter(state=AttemptState.CALLING, deadline_at__lt=ClockTimestamp())


def _unsettled(now: datetime) -> QuerySet[Attempt]:
    return Attempt.objects.filter(state=AttemptState.UNKNOWN, settle_at__lte=now)


def _settle(attempt: Attempt, now: datetime) -> None:
    message = Message.objects.select_related("channel").get(pk=attempt.message_id)
    try:
        _require_list(message.channel.kind)
        found = _find_at_provider(attempt, message)
    except CannotTell:
        found, was_asked = None, False
    except Exception as error:  # a provider that is away, or settings that do not work any more: nobody was asked
        logger.warning("reconcile.failed", extra={"attempt": attempt.pk, "error": str(error)})
        found, was_asked = None, False
    else:
        was_asked = True
    if found is not None:
        settle_accepted(attempt_id=attempt.pk, receipt=Receipt(found.provider_id, found.status), now=now)
    elif was_asked and _age(attempt) >= BELIEVE_ABSENCE_AFTER:
        settle_absent(attempt_id=attempt.pk, now=now)
    elif now >= _given_up_at(attempt):
        settle_abandoned(attempt_id=attempt.pk, now=now)


class CannotTell(Exception):
    """This provider shows no list of its messages: only a callback or a person settles the doubt."""


def _require_list(kind: str) -> None:
    if not transports.capabilities_of(kind).lists_sent:
        raise CannotTell(kind)


def _age(attempt: Attempt) -> timedelta:
    """Since its claim, by PostgreSQL's clock: the claimer's own and ours may be minutes apart, and a call that is
    believed absent too early is made twice.
    """
    of_it = Attempt.objects.filter(pk=attempt.pk).annotate(beyond=ClockTimestamp() - F("deadline_at"))
    beyond: timedelta = of_it.values_list("beyond", flat=True).get()
    return timedelta(seconds=dispatch.CALL_WINDOW_SECONDS) + beyond


def _given_up_at(attempt: Attempt) -> datetime:
    """The workspace says how long the lead's next words may wait for an answer."""
    return attempt.started_at + timedelta(minutes=attempt.workspace.doubt_minutes)


def _find_at_provider(attempt: Attempt, message: Message) -> Seen | None:
    channel = message.channel
    transport = transports.transport_for(channel.kind, channel.settings, channel.secrets)
    window = ServiceWindow.objects.filter(conversation_id=message.conversation_id, channel=channel).first()
    since = attempt.deadline_at - timedelta(seconds=dispatch.CALL_WINDOW_SECONDS) - CLOCK_SLACK
    listed = transport.list_recent(to=window.address if window else None, sender=channel.sender or None, since=since)
    ours = [seen for seen in listed if seen.direction == "outbound" and seen.body.strip() == message.body.strip()]
    claimed = set(
        Message.objects.filter(channel=channel, provider_id__in=[seen.provider_id for seen in ours]).values_list(
            "provider_id", flat=True
        )
    )
    return next((seen for seen in ours if seen.provider_id not in claimed), None)
