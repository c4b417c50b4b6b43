"""Wake-up calls. Each drains its kind of due row; a lost call costs a second, because the tick calls again."""

from threading import BoundedSemaphore

from celery import shared_task
from django.conf import settings

from messaging.services import dispatch, fetching, media, merging, missed, reconcile, senders, upkeep
from messaging.services.inbox import apply_one_due_event
from project.kernel import clock
from project.kernel.due import drain
from project.kernel.events import wake

_seats = BoundedSemaphore(settings.SENDING_SEATS)
_fetching_seats = BoundedSemaphore(4)


@shared_task(name="messaging.tasks.apply_events")
def apply_events() -> int:
    return drain(apply_one_due_event, clock=clock.now)


@shared_task(name="messaging.tasks.send_messages")
def send_messages() -> int:
    """At most so many at once in each process: a provider that hangs must leave threads for everything else.

    Who finds no seat goes away: those at work look again before they leave, and so does the tick.
    """
    if not _seats.acquire(blocking=False):
        return 0
    try:
        return drain(dispatch.send_one_due_message, clock=clock.now, call_help=lambda: wake(send_messages))
    finally:
        _seats.release()


@shared_task(name="messaging.tasks.settle_attempts")
def settle_attempts() -> int:
    doubted = drain(reconcile.doubt_one_overdue_attempt, clock=clock.now)
    return doubted + drain(reconcile.settle_one_unknown_attempt, clock=clock.now)


@shared_task(name="messaging.tasks.sweep_channels")
def sweep_channels() -> int:
    return drain(missed.sweep_one_due_channel, clock=clock.now)


@shared_task(name="messaging.tasks.fetch_mailboxes")
def fetch_mailboxes() -> int:
    return drain(fetching.fetch_one_due_mailbox, clock=clock.now)


@shared_task(name="messaging.tasks.resume_senders")
def resume_senders() -> int:
    return drain(senders.resume_one_due_sender, clock=clock.now)


@shared_task(name="messaging.tasks.merge_proposed")
def merge_proposed() -> int:
    return drain(merging.merge_one_due_proposal, clock=clock.now)


@shared_task(name="messaging.tasks.fetch_attachments")
def fetch_attachments() -> int:
    """Few at once, for the same reason as in sending: a slow file must leave threads for everything else."""
    if not _fetching_seats.acquire(blocking=False):
        return 0
    try:
        return drain(
            media.fetch_one_due_attachment, clock=clock.now, limit=20, call_help=lambda: wake(fetch_attachments)
        )
    finally:
        _fetching_seats.release()


@shared_task(name="messaging.tasks.keep_up_channels")
def keep_up_channels() -> int:
    return drain(upkeep.keep_up_one_due_channel, clock=clock.now)
