"""What an attempt came to. The caller's transaction is over; each function here is one of its own."""

from datetime import datetime, timedelta

from django.db import transaction

from crm.models import User
from crm.models.consent import Purpose
from crm.services.trail import record_decision
from messaging.models import Attempt, Conversation, Message
from messaging.models.deliveries import AttemptState
from messaging.models.messages import MessageStatus
from messaging.transports import ErrorKind, Receipt, TransportError

from .breakers import record_answer, record_silence
from .conversations import lock_conversation
from .reactions import MAX_SENDS, free, give_up, react, record_failure, requeue, save_change

OPEN = (AttemptState.CALLING, AttemptState.UNKNOWN)

FIRST_LOOK = timedelta(seconds=10)
"""How long after an unknown outcome the provider is first asked; callbacks usually settle it sooner."""

SILENT = {ErrorKind.UNKNOWN, ErrorKind.UNREACHABLE}
"""What counts against a provider's breaker. A refusal, whatever it says, is an answer."""


@transaction.atomic(savepoint=False)
def settle_accepted(*, attempt_id: int, receipt: Receipt, now: datetime) -> bool:
    """The provider has it. False when the attempt was settled before."""
    attempt, message, conversation = _locked(attempt_id)
    if attempt.state not in OPEN:
        return False
    if attempt.state == AttemptState.CALLING:
        record_answer(channel=message.channel, lead=message.lead, now=now)
    _close(attempt, AttemptState.ACCEPTED, now, provider_id=receipt.provider_id)
    message.provider_id = receipt.provider_id
    message.status = MessageStatus.ACCEPTED
    message.sent_at = now
    message.error_code = ""
    save_change(message, conversation, "provider_id", "status", "sent_at", "error_code")
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
    free(message)
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
    if error.kind in SILENT:
        _bear_silence(message, error, now)
    elif error.kind != ErrorKind.NOT_BEGUN:
        record_answer(channel=message.channel, lead=message.lead, now=now)
    if error.kind == ErrorKind.UNKNOWN:
        _doubt(attempt, message, conversation, now)
        return
    _close(attempt, AttemptState.REFUSED, now)
    why = error.detail or str(error.kind)
    react(message, conversation, error.reaction, code=error.code, why=why, now=now)


def _bear_silence(message: Message, error: TransportError, now: datetime) -> None:
    """A provider that is away for an hour must not use up the tries of a message that never left."""
    is_resting = record_silence(channel=message.channel, message=message, now=now)
    if is_resting and error.kind == ErrorKind.UNREACHABLE:
        message.attempts_forgiven += 1
        message.save(update_fields=["attempts_forgiven"])


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
    record_failure(message, "It may or may not have reached the customer; please look and decide.", now)
    free(message)


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
    free(message)
    return True


@transaction.atomic
def doubt_overdue(*, attempt_id: int, now: datetime) -> None:
    """A call whose process died: its outcome is unknown."""
    attempt, message, conversation = _locked(attempt_id)
    if attempt.state == AttemptState.CALLING:
        attempt.detail = "the sender stopped during the call"
        attempt.save(update_fields=["detail"])
        _doubt(attempt, message, conversation, now)


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
    save_change(message, conversation, "status")
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
    save_change(message, conversation, "status")
