"""Alerting staff: at once in the inbox over the socket, and by e-mail through due rows."""

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.mail import send_mail
from django.db import transaction
from django.urls import reverse

from crm.models import Membership, Role, Workspace
from messaging.live import announce_alert
from messaging.models import ChannelTrouble, Conversation
from project.kernel.due import MAX_ATTEMPTS, is_any_due, retry_delay
from project.kernel.events import kick
from project.kernel.scope import across_workspaces, workspace_scope

from .models import ModelTrouble, StaffAlert
from .spending.troubles import is_lasting, meaning_of

logger = logging.getLogger(__name__)

OPERATORS = (Role.OWNER, Role.MANAGER)
TEAM = (Role.OWNER, Role.MANAGER, Role.SALES)


def alert_staff(
    *,
    conversation: Conversation,
    headline: str,
    text: str,
    key: str,
    now: datetime,
    roles: Collection[str] = TEAM,
    **context: Any,
) -> int:
    """Tell the members in `roles` about a conversation, once for each `key`; the count of people told."""
    thread = reverse("inbox:thread", args=[conversation.workspace.slug, conversation.pk])
    told = _write_alerts(
        workspace_id=conversation.workspace_id,
        roles=roles,
        lead_id=conversation.lead_id,
        key=key,
        subject=_one_line(headline)[:200],
        body=f"{text}\n\n{_link(thread)}\n",
        now=now,
    )
    announce_alert(
        workspace_id=conversation.workspace_id,
        news={"type": "handover.alert", "conversation": conversation.pk, "text": headline, **context},
    )
    return told


def alert_operators(*, workspace: Workspace, headline: str, text: str, path: str, key: str, now: datetime) -> int:
    """Mail those who configure the workspace about something that is no lead's, once for each `key`."""
    return _write_alerts(
        workspace_id=workspace.pk,
        roles=OPERATORS,
        key=key[:120],
        subject=_one_line(headline)[:200],
        body=f"{text}\n\n{_link(path)}\n",
        now=now,
    )


def _write_alerts(*, workspace_id: int, roles: Collection[str], now: datetime, **fields: Any) -> int:
    """One due row for each member in `roles`; the count of them."""
    members = Membership.objects.filter(workspace_id=workspace_id, role__in=roles, user__is_active=True)
    rows = [
        StaffAlert(workspace_id=workspace_id, user_id=user_id, created_at=now, due_at=now, **fields)
        for user_id in members.values_list("user_id", flat=True)
    ]
    StaffAlert.objects.bulk_create(rows, ignore_conflicts=True)
    kick(_mail_task())
    return len(rows)


def _link(path: str) -> str:
    return settings.PUBLIC_BASE_URL.rstrip("/") + path


def has_untold_troubles(now: datetime) -> bool:
    with across_workspaces():
        return ChannelTrouble.objects.filter(told_at=None).exists()


def tell_one_trouble(now: datetime) -> bool:
    """Tell those who configure the workspace what stops one of its senders; False when there is no news."""
    with across_workspaces(), transaction.atomic():
        untold = ChannelTrouble.objects.filter(told_at=None).order_by("last_at").select_related("channel__workspace")
        trouble = untold.select_for_update(skip_locked=True, of=("self",), no_key=True).first()
        if trouble is None:
            return False
        trouble.told_at = now
        trouble.save(update_fields=["told_at"])
        channel = trouble.channel
        _write_alerts(
            workspace_id=trouble.workspace_id,
            roles=OPERATORS,
            key=f"trouble:{trouble.pk}:{trouble.last_at.isoformat()}",
            subject=_one_line(f"{channel} cannot send as it should: {trouble.meaning}")[:200],
            body=f"{trouble.meaning} (code {trouble.code}).\n\n"
            f"{_link(reverse('inbox:settings_channels', args=[channel.workspace.slug]))}\n",
            now=now,
        )
    return True


def has_due_model_troubles(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(ModelTrouble.objects.filter(due_at__lte=now))


def tell_one_model_trouble(now: datetime) -> bool:
    """Tell those who configure the workspace what keeps a model from answering; False when nothing is due."""
    with across_workspaces(), transaction.atomic():
        due = ModelTrouble.objects.filter(due_at__lte=now).order_by("due_at").select_related("workspace")
        trouble = due.select_for_update(skip_locked=True, of=("self",), no_key=True).first()
        if trouble is None:
            return False
        if is_lasting(trouble):
            _tell_model_trouble(trouble, now)
        else:  # nobody met it again
            trouble.ended_at = now
        trouble.due_at = None
        trouble.save(update_fields=["due_at", "told_at", "ended_at"])
    return True


def _tell_model_trouble(trouble: ModelTrouble, now: datetime) -> None:
    trouble.told_at = now
    _write_alerts(
        workspace_id=trouble.workspace_id,
        roles=OPERATORS,
        key=f"model:{trouble.pk}",
        subject=_one_line(f"The model {trouble.model} at {trouble.endpoint} does not answer: {trouble.cause}")[:200],
        body=f"{trouble.model} at {trouble.endpoint}: {meaning_of(trouble)}.\n"
        "Until then the next model answers, or the assistant that needs none; customers are not kept waiting.\n\n"
        f"{_link(reverse('inbox:settings_model', args=[trouble.workspace.slug]))}\n",
        now=now,
    )


def has_due_alerts(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(StaffAlert.objects.filter(due_at__lte=now))


def mail_one_due_alert(now: datetime) -> bool:
    """Send one e-mail. It is marked as tried before the call: a crash costs one e-mail, never a flood of them."""
    with across_workspaces():
        alert = _claim(now)
    if alert is None:
        return False
    with workspace_scope(alert.workspace_id):
        _mail(alert, now)
    return True


@transaction.atomic
def _claim(now: datetime) -> StaffAlert | None:
    alert = (
        StaffAlert.objects.filter(due_at__lte=now)
        .select_related("user")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("due_at", "id")
        .first()
    )
    if alert is None:
        return None
    alert.attempts_made += 1
    alert.due_at = now + retry_delay(alert.attempts_made) if alert.attempts_made < MAX_ATTEMPTS else None
    alert.save(update_fields=["attempts_made", "due_at"])
    return alert


def _mail(alert: StaffAlert, now: datetime) -> None:
    try:
        send_mail(alert.subject, alert.body, None, [alert.user.email])
    except Exception as error:  # whatever the mail backend raises; the row falls due again
        logger.warning("staff_alert.failed", extra={"alert": alert.pk, "error": str(error)})
        StaffAlert.objects.filter(pk=alert.pk).update(error=str(error))
    else:
        StaffAlert.objects.filter(pk=alert.pk).update(sent_at=now, due_at=None, error="")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _mail_task() -> Any:
    from .tasks import mail_alerts

    return mail_alerts
