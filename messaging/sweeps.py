"""The due rows of this floor."""

from datetime import datetime

from project.kernel.due import Sweep, register_sweep


def register() -> None:
    from messaging import tasks
    from messaging.services import dispatch, fetching, media, merging, missed, reconcile, senders, upkeep
    from messaging.services.inbox import has_due_events

    def has_unsettled(now: datetime) -> bool:
        return reconcile.has_overdue_attempts(now) or reconcile.has_unsettled_attempts(now)

    register_sweep(Sweep("events", has_due_events, tasks.apply_events))
    register_sweep(Sweep("messages", dispatch.has_due_messages, tasks.send_messages))
    register_sweep(Sweep("channels", missed.has_due_sweeps, tasks.sweep_channels))
    register_sweep(Sweep("mailboxes", fetching.has_due_mailboxes, tasks.fetch_mailboxes))
    register_sweep(Sweep("attempts", has_unsettled, tasks.settle_attempts))
    register_sweep(Sweep("senders", senders.has_resuming_senders, tasks.resume_senders))
    register_sweep(Sweep("proposals", merging.has_due_proposals, tasks.merge_proposed))
    register_sweep(Sweep("attachments", media.has_due_attachments, tasks.fetch_attachments))
    register_sweep(Sweep("upkeep", upkeep.has_due_upkeep, tasks.keep_up_channels))
