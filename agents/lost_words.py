"""Words that did not arrive: the team is told of each, whatever dies in between."""

import logging
from datetime import datetime, timedelta

from django.db import transaction

from crm.models.consent import Purpose
from messaging import gate
from messaging.models import Message
from messaging.models.messages import MessageStatus
from project.kernel.due import is_any_due
from project.kernel.scope import across_workspaces, workspace_scope

from .alerts import alert_staff

logger = logging.getLogger(__name__)

REST = timedelta(seconds=60)
"""How long a message rests of which nobody could be told, so that it stands before no other."""


def has_lost_words(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(Message.objects.filter(alert_due_at__lte=now), by="alert_due_at")


def alert_of_one_lost_message(now: datetime) -> bool:
    """Tell the team that a customer waits for words that did not arrive, or that nobody knows whether they did."""
    with across_workspaces():
        message = _claim(now)
    if message is None:
        return False
    with workspace_scope(message.workspace_id):
        try:
            _alert(message, now)
        except Exception:
            logger.exception("lost_words.failed", extra={"message_id": str(message.pk)})
    return True


@transaction.atomic
def _claim(now: datetime) -> Message | None:
    message = (
        Message.objects.filter(alert_due_at__lte=now)
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("alert_due_at")
        .first()
    )
    if message is not None:
        message.alert_due_at = now + REST
        message.save(update_fields=["alert_due_at"])
    return message


@transaction.atomic
def _alert(message: Message, now: datetime) -> None:
    message = Message.objects.select_related("lead", "conversation__workspace").get(pk=message.pk)
    Message.objects.filter(pk=message.pk).update(alert_due_at=None)
    what = _loss(message)
    if not what or message.purpose != Purpose.SERVICE:  # delivered after all, or nobody waits
        return
    alert_staff(
        conversation=message.conversation,
        headline=f"A message to {message.lead} {what}",
        text=f"“{message.body[:500]}”\nThe trail beside the conversation says why.",
        key=f"message:{message.pk}:{message.status}:{message.attempts_made}",
        now=now,
    )


def _loss(message: Message) -> str:
    """What became of the words; empty when they are not lost."""
    if message.status == MessageStatus.SUPPRESSED and message.verdict.get("code") in gate.LOST:
        is_late = message.verdict["code"] == gate.WINDOW_CLOSED
        return "came too late for the service window" if is_late else "could not be sent"
    return {MessageStatus.FAILED: "did not arrive", MessageStatus.IN_DOUBT: "may not have arrived"}.get(
        MessageStatus(message.status), ""
    )
