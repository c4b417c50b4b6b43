"""A channel's sender: paused until an operator or a time resumes it, resting for a while, and its troubles."""

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from crm.models import User
from messaging import signals
from messaging.models import Channel, SenderChange
from messaging.models.channels import Sending
from project.kernel.due import is_any_due
from project.kernel.events import announce, kick
from project.kernel.scope import across_workspaces

TELL_AGAIN_AFTER = timedelta(days=1)
"""A trouble that an operator was told of is told again when it comes back this much later."""

WORTH_EXPLAINING = timedelta(seconds=5)
"""Of a shorter rest, the messages that wait for its end need not be told one by one."""


def kick_sending() -> None:
    from messaging.tasks import send_messages

    kick(send_messages)


def pause_sender(
    channel: Channel, *, reason: str, now: datetime, resumes_at: datetime | None = None, user: User | None = None
) -> None:
    """Stop a sender that its provider refuses, or that an operator does. An operator resumes it, or `resumes_at`."""
    running = Channel.objects.filter(pk=channel.pk, paused_at=None)
    if running.update(paused_at=now, paused_reason=reason[:255], resumes_at=resumes_at):
        _record(channel, Sending.PAUSED, reason, user, now)


def resume_sender(channel: Channel, *, now: datetime, user: User | None = None) -> None:
    """Send again after a pause; what waited falls due by itself."""
    paused = Channel.objects.filter(pk=channel.pk, paused_at__isnull=False)
    if paused.update(paused_at=None, paused_reason="", resumes_at=None):
        _record(channel, Sending.RESUMED, "" if user else "The pause had an end.", user, now)
    kick_sending()


def _record(channel: Channel, sending: Sending, reason: str, user: User | None, now: datetime) -> None:
    SenderChange.objects.create(
        workspace_id=channel.workspace_id,
        channel=channel,
        at=now,
        sending=sending,
        actor=str(user or "outbox")[:64],
        user=user,
        reason=reason[:255],
    )


def has_resuming_senders(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(_resuming(now), by="resumes_at")


def resume_one_due_sender(now: datetime) -> bool:
    with across_workspaces(), transaction.atomic():
        channel = _resuming(now).select_for_update(skip_locked=True, no_key=True).first()
        if channel is None:
            return False
        resume_sender(channel, now=now)
    return True


def _resuming(now: datetime) -> QuerySet[Channel]:
    return Channel.objects.filter(resumes_at__lte=now)


# -- rests ---------------------------------------------------------------------------------------------------------

# Rows that somebody else holds are being decided on at this moment, by the same facts.
_EXPLAIN_WAIT = """
    UPDATE messaging_message SET due_at = %(until)s, verdict = verdict || %(verdict)s::jsonb
     WHERE id IN (SELECT id FROM messaging_message
                   WHERE channel_id = %(channel)s AND status = 'queued' AND due_at < %(until)s
                     FOR NO KEY UPDATE SKIP LOCKED)
"""
_END_WAIT = """
    UPDATE messaging_message SET due_at = %(now)s
     WHERE id IN (SELECT id FROM messaging_message
                   WHERE channel_id = %(channel)s AND status = 'queued' AND due_at > %(now)s
                     AND verdict ->> 'code' = %(code)s FOR NO KEY UPDATE SKIP LOCKED)
"""


def rest_sender(channel_id: int, *, until: datetime, code: str, reason: str) -> None:
    """Look at none of this sender's messages before `until`. A longer rest for another reason stands."""
    awake = Channel.objects.filter(Q(rests_until=None) | Q(rests_until__lt=until) | Q(rest_code=code), pk=channel_id)
    awake.update(rests_until=until, rest_code=code, rest_reason=reason[:255])


def explain_rest(channel_id: int, *, until: datetime, code: str, reason: str, now: datetime) -> None:
    """Write on the messages that wait why they do, and until when; one statement for all of them."""
    if until - now >= WORTH_EXPLAINING:
        verdict = {"outcome": "defer", "code": code, "reason": reason, "until": until.isoformat()}
        _execute(_EXPLAIN_WAIT, channel=channel_id, until=until, verdict=json.dumps(verdict))


def end_rest(channel_id: int, *, code: str, now: datetime) -> None:
    """The reason for the rest has gone: what waited for its end is due."""
    resting = Channel.objects.filter(pk=channel_id, rest_code=code)
    resting.update(rests_until=None, rest_code="", rest_reason="")
    _execute(_END_WAIT, channel=channel_id, now=now, code=code)
    kick_sending()


def _execute(statement: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


# -- troubles ------------------------------------------------------------------------------------------------------

_REPORT = """
    INSERT INTO messaging_channeltrouble AS trouble
        (workspace_id, channel_id, code, meaning, count, first_at, last_at, told_at)
    VALUES (%(workspace)s, %(channel)s, %(code)s, %(meaning)s, 1, %(now)s, %(now)s, NULL)
    ON CONFLICT (channel_id, code) DO UPDATE
       SET count = trouble.count + 1, last_at = excluded.last_at, meaning = excluded.meaning,
           told_at = CASE WHEN trouble.last_at < %(forgotten)s THEN NULL ELSE trouble.told_at END
    RETURNING told_at IS NULL
"""


def report_trouble(channel: Channel, *, code: str, meaning: str, now: datetime) -> None:
    """An operator has to know; they are told once for each cause, however many messages it stops."""
    values: dict[str, Any] = {
        "workspace": channel.workspace_id,
        "channel": channel.pk,
        "code": code[:32],
        "meaning": meaning[:255],
        "now": now,
        "forgotten": now - TELL_AGAIN_AFTER,
    }
    with connection.cursor() as cursor:
        cursor.execute(_REPORT, values)
        (is_news,) = cursor.fetchone()
    if is_news:
        announce(signals.channel_troubled, workspace_id=channel.workspace_id, channel_id=channel.pk)
