"""What follows when a message did not get through: it goes again, or it ends; and what its error asks of us besides.

One table of a channel's errors serves refused calls and failed deliveries alike (`channels/<kind>/errors.py`).
The conversation is locked by the caller.
"""

from datetime import datetime, timedelta

from crm.models.consent import Purpose
from crm.services.consent import EVERYTHING, record_provider_opt_out
from crm.services.trail import record_decision
from messaging import floor, signals
from messaging.models import Conversation, Message, ServiceWindow
from messaging.models.messages import MessageStatus
from messaging.transports import MAX_RETRIES, ErrorKind, Instead, Reaction
from project.kernel.due import retry_delay
from project.kernel.events import announce

from .conversations import next_seq
from .rates import slow_down
from .senders import kick_sending, pause_sender, report_trouble
from .template_forms import prefer_template
from .upkeep import ask_soon

MAX_SENDS = MAX_RETRIES + 1
"""A message that the provider turned away this often without a final answer is given up."""

PAUSED_LOOK_AGAIN = timedelta(seconds=60)
SLOW_DOWN_SECONDS = 5.0

INSTEAD_WORDS = {
    Instead.TEMPLATE: "An approved template may reach them.",
    Instead.OTHER_CHANNEL: "Another channel may reach them.",
}


def react(
    message: Message, conversation: Conversation, reaction: Reaction, *, code: str, why: str, now: datetime
) -> None:
    """Do what the error asks of us, then queue the message again or give it up."""
    channel = message.channel
    if reaction.tell_operator:
        report_trouble(channel, code=code or reaction.kind, meaning=reaction.meaning, now=now)
    if reaction.is_about_template:
        ask_soon(channel, now)
    if reaction.slows_sender:
        slow_down(channel, seconds=reaction.retry_after or SLOW_DOWN_SECONDS, reason=reaction.meaning, now=now)
    if reaction.kind == ErrorKind.SENDER_BLOCKED:
        resumes_at = now + timedelta(seconds=reaction.retry_after) if reaction.retry_after else None
        pause_sender(channel, reason=reaction.meaning, now=now, resumes_at=resumes_at)
        wait = timedelta(seconds=reaction.retry_after) if reaction.retry_after else PAUSED_LOOK_AGAIN
        requeue(message, conversation, wait=wait, why="the sender is paused", now=now)
    elif reaction.instead == Instead.TEMPLATE and prefer_template(message):
        close_window(message, now)
        requeue(message, conversation, wait=timedelta(0), why=f"{reaction.meaning}; a template goes", now=now)
    elif message.tries <= min(reaction.max_retries, MAX_SENDS - 1):
        requeue(message, conversation, wait=_wait(message, reaction), why=why, now=now)
    else:
        give_up(message, conversation, code=code, why=why, now=now, instead=reaction.instead)
    if reaction.kind == ErrorKind.INVALID_RECIPIENT:
        _mark_address(message, reaction, now)
    if reaction.kind == ErrorKind.OPTED_OUT:
        purposes = (Purpose.MARKETING,) if reaction.is_only_marketing else EVERYTHING
        record_provider_opt_out(lead=message.lead, channel_kind=channel.kind, purposes=purposes, proof=code, now=now)


def close_window(message: Message, now: datetime) -> None:
    """The provider's clock decides, whatever ours says."""
    ServiceWindow.objects.filter(
        conversation=message.conversation_id, channel=message.channel_id, closes_at__gt=now
    ).update(closes_at=now)


def _mark_address(message: Message, reaction: Reaction, now: datetime) -> None:
    """The gate leaves it alone for a while; a word of the customer's from there takes the mark away."""
    windows = ServiceWindow.objects.filter(conversation=message.conversation_id, channel=message.channel_id)
    windows.update(invalid_at=now, invalid_reason=reaction.meaning[:255])


def _wait(message: Message, reaction: Reaction) -> timedelta:
    """At least what the provider asks for, and longer each time."""
    return max(timedelta(seconds=reaction.retry_after or 0), retry_delay(max(message.tries, 1)))


def requeue(message: Message, conversation: Conversation, *, wait: timedelta, why: str, now: datetime) -> None:
    """Back into the outbox, due after `wait`; the gate will look again."""
    message.status = MessageStatus.QUEUED
    message.due_at = now + wait
    save_change(message, conversation, "status", "due_at")
    record_decision(
        lead=message.lead,
        actor="outbox",
        kind="message.deferred",
        reason=f"Will be tried again: {why}",
        now=now,
        message=str(message.pk),
        until=message.due_at.isoformat(),
    )
    kick_sending()


def give_up(
    message: Message, conversation: Conversation, *, code: str, why: str, now: datetime, instead: Instead | None = None
) -> None:
    """The message will not arrive; the trail says why, and the agents hear of it."""
    message.status = MessageStatus.FAILED
    message.error_code = code[:32]
    message.due_at = None
    save_change(message, conversation, "status", "error_code", "due_at")
    record_failure(message, why, now, instead)
    free(message)


def record_failure(message: Message, why: str, now: datetime, instead: Instead | None = None) -> None:
    """The news of it is a hint; `alert_due_at` is found by the sweep."""
    Message.objects.filter(pk=message.pk).update(alert_due_at=now)
    advice = f" {INSTEAD_WORDS[instead]}" if instead else ""
    record_decision(
        lead=message.lead,
        actor="outbox",
        kind="message.failed",
        reason=f"Not delivered: {why}{advice}",
        now=now,
        message=str(message.pk),
        code=message.error_code,
        instead=instead,
    )
    announce(
        signals.message_failed,
        workspace_id=message.workspace_id,
        conversation_id=message.conversation_id,
        message_id=str(message.pk),
    )


def save_change(message: Message, conversation: Conversation, *fields: str) -> None:
    message.seq = next_seq(conversation)
    message.save(update_fields=[*fields, "seq"])


def free(message: Message) -> None:
    """The lead's next words may go, and the floor is free once all words of this grant are out."""
    floor.release_when_spoken(lead_id=message.lead_id, epoch=message.epoch or 0)
    if Message.objects.filter(lead_id=message.lead_id, status=MessageStatus.QUEUED).exists():
        kick_sending()
