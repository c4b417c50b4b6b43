"""What an attempt came to. The caller's transaction is over; each function here is one of its own."""

from datetime import datetime, timedelta

from django.db import transaction

from crm.models import User
from crm.models.consent import ConsentState, Purpose
from crm.services.consent import record_consent
from crm.services.trail import record_decision
from messaging import floor, signals
from messaging.models import Attempt, Channel, Conversation, Message
from messaging.models.deliveries import AttemptState
from messaging.models.messages import MessageStatus
from messaging.transports import ErrorKind, Receipt, TransportError
from project.kernel.due import retry_delay
from project.kernel.events import announce, kick

from .conversations import lock_conversation, next_seq

MAX_SENDS = 5
"""A message that the provider turned away this often without a final answer is given up."""

OPEN = (AttemptState.CALLING, AttemptState.UNKNOWN)

FIRST_LOOK = timedelta(seconds=10)
"""How long after an unknown outcome the provider is first asked; callbacks usually settle it sooner."""

PAUSES_SENDER = {ErrorKind.SENDER_BLOCKED}
REPEATABLE = {ErrorKind.RATE_LIMITED, ErrorKind.UNREACHABLE}


@transaction.atomic(savepoint=False)
def settle_accepted(*, attempt_id: int, receipt: Receipt, now: datetime) -> bool:
    """The provider has it. False when the attempt was settled before."""
    attempt, message, conversation = _locked(attempt_id)
    if attempt.state not in OPEN:
        return False
    _close(attempt, AttemptState.ACCEPTED, now, provider_id=receipt.provider_id)
    message.provider_id = receipt.provider_id
    message.status = MessageStatus.ACCEPTED
    message.sent_at = now
    message.error_code = ""
    _save(message, conversation, "provider_id", "status", "sent_at", "error_code")
    record_decision(
        lead=message.lead,
        actor="outbox",
        kind="message.accepted",
        reason=f"Sent, {message.channel} has it: “{message.body[:80]}”",
        now=now,
        message=str(message.pk),
        provider_id=receipt.provider_id,
        attempt=attempt.number,
        why=message.verdict.get("reason", ""),
    )
    _free(message)
    return True


@transaction.atomic
def settle_error(*, attempt_id: int, error: TransportError, now: datetime) -> None:
    """The call ended in an error: repeat what was never carried out, doubt what may have been, else give up."""
    attempt, message, conversation = _locked(attempt_id)
    if attempt.state not in OPEN:
        return
    attempt.error_code = error.code[:32]
    attempt.detail = error.detail
    attempt.save(update_fields=["error_code", "detail"])
    if error.kind == ErrorKind.UNKNOWN:
        _doubt(attempt, message, conversation, now)
        return
    _close(attempt, AttemptState.REFUSED, now)
    if error.kind in REPEATABLE and message.tries < MAX_SENDS:
        wait = timedelta(seconds=error.retry_after) if error.retry_after else retry_delay(message.tries)
        requeue(message, conversation, wait=wait, why=error.detail or error.kind, now=now)
        return
    if error.kind in PAUSES_SENDER:
        pause_sender(message.channel, reason=error.detail or error.code, now=now)
        requeue(message, conversation, wait=timedelta(seconds=60), why="the sender is paused", now=now)
        return
    give_up(message, conversation, code=error.code, why=error.detail or str(error.kind), now=now)
    if error.kind == ErrorKind.OPTED_OUT:
        _record_opt_out(message, error, now)


@transaction.atomic
def settle_absent(*, attempt_id: int, now: datetime) -> None:
    """The provider does not have it. A service message goes again, through the gate; marketing is never repeated."""
    attempt, message, conversation = _locked(attempt_id)
    if attempt.state != AttemptState.UNKNOWN:
        return
    _close(attempt, AttemptState.ABSENT, now)
    if message.purpose == Purpose.SERVICE and message.tries < MAX_SENDS:
        requeue(message, conversation, wait=timedelta(0), why="the provider says it never had it", now=now)
    else:
        give_up(message, conversation, code="absent", why="The provider never had it.", now=now)


@transaction.atomic
def settle_abandoned(*, attempt_id: int, now: datetime) -> None:
    """Nobody could tell in time whether the provider has it: a person decides."""
    attempt, message, conversation = _locked(attempt_id)
    if attempt.state != AttemptState.UNKNOWN:
        return
    _abandon(attempt, message, conversation, now)
    _record_failure(message, "It may or may not have reached the customer; please look and decide.", now)
    _free(message)


@transaction.atomic
def settle_overridden(*, attempt_id: int, user: User, now: datetime) -> bool:
    """A person decides not to wait for the answer; False when it was settled before."""
    attempt, message, conversation = _locked(attempt_id)
    if attempt.state != AttemptState.UNKNOWN:
        return False
    _abandon(attempt, message, conversation, now)
    record_decision(
        lead=message.lead,
        actor=str(user),
        kind="message.doubt_overridden",
        reason=f"{user} did not wait to learn whether it arrived: the customer may have it, and what is said next "
        f"may come twice or out of order. The words were: “{message.body[:160]}”",
        now=now,
        message=str(message.pk),
        attempt=attempt.number,
        user=user.pk,
    )
    _free(message)
    return True


@transaction.atomic
def doubt_overdue(*, attempt_id: int, now: datetime) -> None:
    """A call whose process died: its outcome is unknown."""
    attempt, message, conversation = _locked(attempt_id)
    if attempt.state == AttemptState.CALLING:
        attempt.detail = "the sender stopped during the call"
        attempt.save(update_fields=["detail"])
        _doubt(attempt, message, conversation, now)


def requeue(message: Message, conversation: Conversation, *, wait: timedelta, why: str, now: datetime) -> None:
    """Back into the outbox, due after `wait`; the gate will look again. The conversation is locked."""
    message.status = MessageStatus.QUEUED
    message.due_at = now + wait
    _save(message, conversation, "status", "due_at")
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


def give_up(message: Message, conversation: Conversation, *, code: str, why: str, now: datetime) -> None:
    """The message will not arrive; the trail says why, and the agents hear of it."""
    message.status = MessageStatus.FAILED
    message.error_code = code[:32]
    message.due_at = None
    _save(message, conversation, "status", "error_code", "due_at")
    _record_failure(message, why, now)
    _free(message)


def pause_sender(channel: Channel, *, reason: str, now: datetime) -> None:
    """Stop a sender that its provider refuses; an operator resumes it."""
    Channel.objects.filter(pk=channel.pk, paused_at=None).update(paused_at=now, paused_reason=reason[:255])


def kick_sending() -> None:
    from messaging.tasks import send_messages

    kick(send_messages)


def _locked(attempt_id: int) -> tuple[Attempt, Message, Conversation]:
    conversation_id = Attempt.objects.values_list("message__conversation_id", flat=True).get(pk=attempt_id)
    conversation = lock_conversation(conversation_id)
    everything = Attempt.objects.select_related("message__lead", "message__channel")
    attempt = everything.get(pk=attempt_id)
    return attempt, attempt.message, conversation


def _close(attempt: Attempt, state: AttemptState, now: datetime, provider_id: str = "") -> None:
    attempt.state = state
    attempt.settled_at = now
    attempt.settle_at = None
    attempt.provider_id = provider_id or attempt.provider_id
    attempt.save(update_fields=["state", "settled_at", "settle_at", "provider_id"])


def _doubt(attempt: Attempt, message: Message, conversation: Conversation, now: datetime) -> None:
    attempt.state = AttemptState.UNKNOWN
    attempt.settle_at = now + FIRST_LOOK
    attempt.save(update_fields=["state", "settle_at"])
    message.status = MessageStatus.UNKNOWN
    _save(message, conversation, "status")
    record_decision(
        lead=message.lead,
        actor="outbox",
        kind="message.unknown",
        reason="The provider may or may not have it; it will be asked before anything else is sent.",
        now=now,
        message=str(message.pk),
        detail=attempt.detail,
    )


def _abandon(attempt: Attempt, message: Message, conversation: Conversation, now: datetime) -> None:
    _close(attempt, AttemptState.ABANDONED, now)
    message.status = MessageStatus.IN_DOUBT
    _save(message, conversation, "status")


def _record_failure(message: Message, why: str, now: datetime) -> None:
    record_decision(
        lead=message.lead,
        actor="outbox",
        kind="message.failed",
        reason=f"Not delivered: {why}",
        now=now,
        message=str(message.pk),
        code=message.error_code,
    )
    announce(
        signals.message_failed,
        workspace_id=message.workspace_id,
        conversation_id=message.conversation_id,
        message_id=str(message.pk),
    )


def _record_opt_out(message: Message, error: TransportError, now: datetime) -> None:
    record_consent(
        lead=message.lead,
        channel_kind=message.channel.kind,
        purposes=(Purpose.SERVICE, Purpose.MARKETING),
        state=ConsentState.WITHDRAWN,
        source="provider",
        proof=error.code,
        now=now,
    )


def _save(message: Message, conversation: Conversation, *fields: str) -> None:
    message.seq = next_seq(conversation)
    message.save(update_fields=[*fields, "seq"])


def _free(message: Message) -> None:
    """The lead's next words may go, and the floor is free once all words of this grant are out."""
    floor.release_when_spoken(lead_id=message.lead_id, epoch=message.epoch or 0)
    if Message.objects.filter(lead_id=message.lead_id, status=MessageStatus.QUEUED).exists():
        kick_sending()
