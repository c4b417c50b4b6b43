"""What customers send along: a due row for each file, written with its message, fetched by a sweep.

Providers keep a file for days and answer slowly; a message is read, answered and shown long before its files are here.
"""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from crm.services.trail import record_decision
from messaging import transports
from messaging.media_fetch import MediaError, MediaRefused
from messaging.models import Attachment, Channel, Message, WebhookEvent
from messaging.models.media import AttachmentState
from project.kernel.due import WorkerDied, is_any_due
from project.kernel.events import kick
from project.kernel.leases import ClockTimestamp
from project.kernel.scope import across_workspaces, workspace_scope

from .conversations import lock_conversation, next_seq
from .media_keeping import KEPT_FIELDS, Kept, forget, keep

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=240)
"""How long a claimed file is left to its worker: longer than fetching, scanning and storing it may take."""

RESTS = tuple(timedelta(minutes=minutes) for minutes in (0.1, 0.5, 2, 10, 60, 360))
"""After each failure in turn. A provider that is away for some hours costs no file."""

MOST_TRIES = len(RESTS) + 1


def want_media(message: Message, *, now: datetime) -> None:
    """Ask for a received message's files, in its transaction. What its channel cannot fetch stays a line of text."""
    if not message.media or transports.media_fetch_of(message.channel.kind) is None:
        return
    Attachment.objects.bulk_create(
        Attachment(
            workspace_id=message.workspace_id,
            message=message,
            position=position,
            state=AttachmentState.WANTED,
            file_name=str(item.get("file_name") or "")[:160],
            claimed_type=str(item.get("content_type") or "")[:100],
            created_at=now,
            due_at=now,
        )
        for position, item in enumerate(message.media)
    )
    kick(_task())


def has_due_attachments(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(_due(now))


def fetch_one_due_attachment(now: datetime) -> bool:
    """Fetch the file that is due longest, or forget an upload that nobody sent; False when none is due."""
    with across_workspaces(), transaction.atomic():
        attachment = _claim(now)
    if attachment is None:
        return False
    with workspace_scope(attachment.workspace_id):
        _work(attachment, now)
    return True


def _due(now: datetime) -> QuerySet[Attachment]:
    unclaimed = Q(claimed_until=None) | Q(claimed_until__lt=ClockTimestamp())
    return Attachment.objects.filter(unclaimed, due_at__lte=now)


def _claim(now: datetime) -> Attachment | None:
    attachment = (
        _due(now)
        .select_related("message__channel")
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("due_at")
        .first()
    )
    if attachment is not None:
        attachment.attempts_made += 1
        attachment.claimed_until = ClockTimestamp() + LEASE
        attachment.save(update_fields=["attempts_made", "claimed_until"])
    return attachment


def _work(attachment: Attachment, now: datetime) -> None:
    if attachment.state == AttachmentState.UPLOADED:
        _forget_upload(attachment)
        return
    try:
        kept = _take_in(attachment)
    except MediaRefused as error:
        _settle(attachment, AttachmentState.REFUSED, error.reason, now)
    except Exception as error:  # also what nobody foresaw: one file must not stand before all others
        logger.warning("attachment.failed", extra={"attachment": str(attachment.pk)}, exc_info=error)
        _rest_or_fail(attachment, error, now)
    else:
        _settle(attachment, AttachmentState.STORED, "", now, kept)


def _take_in(attachment: Attachment) -> Kept:
    message = attachment.message
    assert message is not None
    if attachment.attempts_made > MOST_TRIES:
        raise WorkerDied
    fetch = transports.media_fetch_of(message.channel.kind)
    if fetch is None:
        raise MediaRefused("Files of this channel cannot be fetched any more.")
    channel = message.channel
    fetched = fetch(
        channel.settings, channel.secrets, message.media[attachment.position], raw=_raw_body_of(channel, message)
    )
    return keep(fetched, attachment_id=attachment.pk, workspace_id=attachment.workspace_id)


def _raw_body_of(channel: Channel, message: Message) -> Callable[[], bytes]:
    """The webhook that brought the message: its key is the provider's id of it."""

    def read() -> bytes:
        events = WebhookEvent.objects.filter(source=channel.kind, source_id=channel.pk, key=message.provider_id)
        event = events.order_by("id").first()
        if event is None:
            raise MediaRefused("What came with the message is not kept any more.")
        return bytes(event.body)

    return read


def _rest_or_fail(attachment: Attachment, error: Exception, now: datetime) -> None:
    if attachment.attempts_made >= MOST_TRIES:
        reason = error.reason if isinstance(error, MediaError) else "It could not be taken in."
        _settle(attachment, AttachmentState.FAILED, reason, now)
        return
    ours = Attachment.objects.filter(
        pk=attachment.pk, state=AttachmentState.WANTED, attempts_made=attachment.attempts_made
    )
    ours.update(due_at=now + RESTS[attachment.attempts_made - 1], claimed_until=None)


@transaction.atomic
def _settle(
    attachment: Attachment, state: AttachmentState, reason: str, now: datetime, kept: Kept | None = None
) -> None:
    """Under the conversation's lock, unless a later worker has taken it meanwhile; the thread shows it at once."""
    message = attachment.message
    assert message is not None
    conversation = lock_conversation(message.conversation_id)
    ours = Attachment.objects.filter(
        pk=attachment.pk, state=AttachmentState.WANTED, attempts_made=attachment.attempts_made
    )
    found = {name: getattr(kept, name) for name in KEPT_FIELDS} if kept else {}
    if not ours.update(state=state, reason=reason[:255], due_at=None, claimed_until=None, **found):
        return
    Message.objects.filter(pk=message.pk).update(seq=next_seq(conversation))
    if kept is None:
        record_decision(
            lead=conversation.lead,
            actor="media",
            kind=f"attachment.{state}",
            reason=f"A file of the customer's was not kept: {reason}",
            now=now,
            message=str(message.pk),
            attachment=str(attachment.pk),
        )


@transaction.atomic
def _forget_upload(attachment: Attachment) -> None:
    unsent = Attachment.objects.select_for_update().filter(pk=attachment.pk, state=AttachmentState.UPLOADED)
    if unsent.exists():
        attachment.delete()  # and with it, after commit, what is stored: see `forget_files`


def forget_files(sender: Any, instance: Attachment, **_: Any) -> None:
    """Whatever deletes a row, a person's erasure as well, takes its files along once that is certain."""
    transaction.on_commit(lambda: forget(instance), robust=True)


def _task() -> Any:
    from messaging.tasks import fetch_attachments

    return fetch_attachments
