"""What an attempt came to. The caller's transaction is over; each function here is one of its own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from crm.models import Lead, User
from crm.models.consent import Purpose
from crm.services.trail import record_decision
from messaging import floor
from messaging.models import Attempt, Channel, Conversation, Message
from messaging.models.deliveries import AttemptState
from messaging.models.messages import MessageStatus
from messaging.transports import ErrorKind, Receipt, TransportError

from .breakers import record_answer, record_silence
from .conversations import lock_conversation, tell_screens
from .reactions import MAX_SENDS, free, give_up, react, record_failure, requeue, save_change
from .senders import kick_sending

OPEN = (AttemptState.CALLING, AttemptState.UNKNOWN)

FIRST_LOOK = timedelta(seconds=10)
"""How long after an unknown outcome the provider is first asked; callbacks usually settle it sooner."""

SILENT = {ErrorKind.UNKNOWN, ErrorKind.UNREACHABLE}
"""What counts against a provider's breaker. A refusal, whatever it says, is an answer."""


_LOCK = """
    SELECT conversation.id, conversation.workspace_id, conversation.lead_id, conversation.channel_id
      FROM messaging_conversation AS conversation
     WHERE conversation.id = (SELECT message.conversation_id
                                FROM messaging_attempt AS attempt
                                JOIN messaging_message AS message ON message.id = attempt.message_id
                               WHERE attempt.id = %(attempt)s)
       FOR NO KEY UPDATE
"""
_ACCEPT = """
    WITH before AS (
        SELECT id, state FROM messaging_attempt WHERE id = %(attempt)s AND state IN ('calling', 'unknown')
    ), settled AS (
        UPDATE messaging_attempt AS attempt
           SET state = 'accepted', settled_at = %(now)s, settle_at = NULL,
               provider_id = coalesce(nullif(%(provider_id)s, ''), provider_id)
          FROM before WHERE attempt.id = before.id
        RETURNING attempt.message_id, attempt.number, before.state = 'calling' AS was_calling
    ), counted AS (
        UPDATE messaging_conversation SET seq = seq + 1 FROM settled WHERE id = %(conversation)s RETURNING seq
    ), said AS (
        UPDATE messaging_message AS message
           SET status = 'accepted', provider_id = %(provider_id)s, sent_at = %(now)s, error_code = '', seq = counted.seq
          FROM settled, counted WHERE message.id = settled.message_id
        RETURNING message.id, message.lead_id, message.channel_id, message.epoch, message.body, message.verdict
    )
    SELECT counted.seq, said.id, said.epoch, said.body, said.verdict ->> 'reason', settled.number, channel.name,
           settled.was_calling AND breaker.id IS NOT NULL,
           EXISTS (SELECT 1 FROM messaging_message AS next
                    WHERE next.lead_id = said.lead_id AND next.status = 'queued'), said.channel_id
      FROM said CROSS JOIN settled CROSS JOIN counted
      JOIN messaging_channel AS channel ON channel.id = said.channel_id
      LEFT JOIN messaging_breaker AS breaker
        ON breaker.channel_id = said.channel_id AND (breaker.failures > 0 OR breaker.rests > 0)
"""


@dataclass(frozen=True, slots=True)
class _Accepted:
    seq: int
    message_id: UUID
    epoch: int
    body: str
    why: str | None
    number: int
    channel_name: str
    ends_silence: bool
    has_next: bool
    channel_id: int


@transaction.atomic(savepoint=False)
def settle_accepted(*, attempt_id: int, receipt: Receipt, now: datetime) -> bool:
    """The provider has it. False when the attempt was settled before.

    Two statements lock and write: it happens for every message that is sent.
    """
    values: dict[str, Any] = {"attempt": attempt_id, "now": now, "provider_id": receipt.provider_id}
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, values)
        pk, workspace_id, lead_id, channel_id = cursor.fetchone()
        cursor.execute(_ACCEPT, {**values, "conversation": pk})
        row = cursor.fetchone()
    if row is None:
        return False
    accepted = _Accepted(*row)
    ids = {"workspace_id": workspace_id, "lead_id": lead_id}
    tell_screens(Conversation(pk=pk, channel_id=channel_id, seq=accepted.seq, **ids))
    _tell_accepted(accepted, Lead(pk=lead_id, workspace_id=workspace_id), receipt, now)
    floor.release_when_spoken(lead_id=lead_id, epoch=accepted.epoch)
    if accepted.has_next:
        kick_sending()
    return True


def _tell_accepted(accepted: _Accepted, lead: Lead, receipt: Receipt, now: datetime) -> None:
    record_decision(
        lead=lead,
        actor="outbox",
        kind="message.accepted",
        reason=f"Sent, {accepted.channel_name} has it: “{accepted.body[:80]}”",
        now=now,
        message=str(accepted.message_id),
        provider_id=receipt.provider_id,
        attempt=accepted.number,
        why=accepted.why or "",
    )
    if accepted.ends_silence:
        record_answer(channel=Channel.objects.get(pk=accepted.channel_id), lead=lead, now=now)


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
