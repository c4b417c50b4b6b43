"""The dispatcher: claim, commit the attempt, call the provider outside any transaction, settle.

Three short transactions and no lock across the call. A process that dies in between leaves an attempt in `calling`,
which the orphan sweep turns into `unknown`; unknown is never repeated before the provider was asked (reconcile.py).
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, transaction
from psycopg.types.json import Jsonb

from crm.models.consent import Purpose
from crm.services.preferences import unsubscribe_url
from messaging import gate, transports
from messaging.gate import Facts, Outcome, Verdict
from messaging.models import Channel, Message
from messaging.models.messages import MessageStatus
from messaging.transports import Outgoing, Receipt, TransportError
from project.kernel.scope import across_workspaces, workspace_scope

from .breakers import take_probe
from .conversations import lock_conversation, next_seq
from .entry_points import begins_free_days, open_free_days
from .facts import Circumstances
from .judging import FIELDS, judge
from .media_links import outgoing_files
from .outbound import withhold
from .rates import RATE_LIMITED, rates_of, take_tokens
from .reach import REACH_LIMIT, REACHED, take_reach
from .reactions import give_up
from .sendable import Candidate, Sight, has_sendable_messages, lock_next_sendable, look_at
from .senders import rest_sender
from .settlement import settle_accepted, settle_error
from .threads import thread_of

logger = logging.getLogger(__name__)

CALL_WINDOW_SECONDS = 30.0
"""How long an attempt may be `calling`, from its claim to its end, in the database's clock."""

HTTP_SECONDS = 10.0
"""The longest that a transport's call takes."""

START_MARGIN_SECONDS = 5.0
"""A call that would end this close to the window's end is not begun: the process was paused too long."""


MARKETING_CONSENT = "message_marketing_has_consent"


@dataclass(frozen=True, slots=True)
class Call:
    """One attempt, committed and about to be made; `latest_start` is monotonic seconds."""

    attempt_id: int
    channel: Channel
    outgoing: Outgoing
    latest_start: float
    begins_free_days: bool = False


def send_one_due_message(now: datetime) -> bool:
    """Work on the next message that is due; False when there is none."""
    claimed_at = monotonic()
    try:
        found, call = _claim(now, claimed_at)
    except Unsendable as error:
        _set_aside(error, now)
        return True
    if call is not None:
        with workspace_scope(call.channel.workspace_id):
            _make_call(call, now)
    return found


class Unsendable(Exception):
    """A message that cannot even be looked at, for a reason in the code or in its row."""

    def __init__(self, message: Candidate) -> None:
        super().__init__(f"message {message.id}")
        self.message = message


def monotonic() -> float:
    """Seconds that go on counting while the machine is suspended, where the system offers them."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


has_due_messages = has_sendable_messages


def _claim(now: datetime, claimed_at: float) -> tuple[bool, Call | None]:
    """Lock the conversation of a sendable message and let the gate decide with fresh facts."""
    with across_workspaces(), transaction.atomic():
        candidate = lock_next_sendable(now)
        if candidate is None:
            return False, None
        try:
            with workspace_scope(candidate.workspace_id):
                return True, _decide(candidate, now, claimed_at)
        except DatabaseError as error:
            if _is_forbidden_for_good(error):
                raise Unsendable(candidate) from error
            raise
        except Exception as error:  # it must not stand before everybody else's words for ever
            raise Unsendable(candidate) from error


def _is_forbidden_for_good(error: DatabaseError) -> bool:
    """Marketing without consent; any other guard forbids it at this moment, and somebody else was quicker."""
    diagnostics = getattr(error.__cause__, "diag", None)
    return isinstance(error, IntegrityError) and getattr(diagnostics, "constraint_name", "") == MARKETING_CONSENT


@transaction.atomic
def _set_aside(error: Unsendable, now: datetime) -> None:
    logger.error("message.unsendable", extra={"message_id": str(error.message.id)}, exc_info=error.__cause__)
    with workspace_scope(error.message.workspace_id):
        conversation = lock_conversation(error.message.conversation_id)
        message = Message.objects.select_related("lead", "channel").get(pk=error.message.id)
        if message.status == MessageStatus.QUEUED:
            give_up(message, conversation, code="unsendable", why=f"It cannot be sent: {error.__cause__}.", now=now)


def _decide(candidate: Candidate, now: datetime, claimed_at: float) -> Call | None:
    sight = look_at(candidate, now)
    if sight is None:
        return None
    message, around = sight.message, sight.around
    facts, verdict = judge(message, message.conversation, now, around)
    if verdict.outcome == Outcome.SUPPRESS:
        withhold(message, verdict, facts, message.conversation, now)
        return None
    if verdict.outcome == Outcome.ALLOW:
        verdict = _obstacle(sight, facts, verdict, now) or verdict
    message.verdict = verdict.as_json(facts)
    if verdict.as_template:
        message.save(update_fields=FIELDS)
    if verdict.outcome == Outcome.DEFER:
        _defer(message, verdict)
        return None
    return _open_attempt(sight, facts, now, claimed_at)


def _obstacle(sight: Sight, facts: Facts, verdict: Verdict, now: datetime) -> Verdict | None:
    """What the sender's rate and its provider say; the gate has nothing against the message."""
    channel = sight.message.channel
    if verdict.as_template and not gate.is_window_open(facts):
        until = take_reach(channel=channel, lead_id=sight.message.lead_id, now=now)
        if until is not None:
            return Verdict(Outcome.DEFER, REACH_LIMIT, REACHED, until, as_template=True)
    rates = rates_of(channel, sight.around.address)
    shortage = take_tokens(workspace_id=channel.workspace_id, rates=rates, now=now)
    if shortage is not None:
        if shortage.scope != "pair":  # the sender's other messages would find the same
            rest_sender(channel.pk, until=shortage.until, code=RATE_LIMITED, reason=shortage.reason)
        return Verdict(Outcome.DEFER, RATE_LIMITED, shortage.reason, shortage.until)
    return take_probe(channel=channel, message=sight.message, now=now) if sight.is_breaker_open else None


def _defer(message: Message, verdict: Verdict) -> None:
    message.due_at = verdict.until
    message.seq = next_seq(message.conversation)
    message.save(update_fields=["due_at", "verdict", "seq"])


_OPEN_ATTEMPT = """
    WITH counted AS (
        UPDATE messaging_conversation SET seq = seq + 1 WHERE id = %(conversation)s RETURNING seq
    ), claimed AS (
        UPDATE messaging_message AS message
           SET status = 'sending', due_at = NULL, attempts_made = attempts_made + 1, verdict = %(verdict)s,
               seq = counted.seq, consent_id = %(consent)s
          FROM counted WHERE message.id = %(message)s
        RETURNING message.*
    )
    INSERT INTO messaging_attempt (workspace_id, lead_id, message_id, number, epoch, state, started_at, deadline_at,
                                   provider_id, error_code, detail)
    SELECT workspace_id, lead_id, id, attempts_made, epoch, 'calling', %(now)s,
           clock_timestamp() + make_interval(secs => %(window)s), '', '', ''
      FROM claimed
    RETURNING id
"""


def _open_attempt(sight: Sight, facts: Facts, now: datetime, claimed_at: float) -> Call:
    """Everything that a claim writes, in one statement.

    The database takes no marketing without the consent that allows it, whatever was decided before.

    No screen is told: “being sent” looks like “queued”, and how the call ends is told in a moment.
    """
    message = sight.message
    values: dict[str, Any] = {
        "conversation": message.conversation_id,
        "message": message.pk,
        "verdict": Jsonb(message.verdict),
        "consent": sight.around.granted_consent_id,
        "now": now,
        "window": CALL_WINDOW_SECONDS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN_ATTEMPT, values)
        (attempt_id,) = cursor.fetchone()
    latest_start = claimed_at + CALL_WINDOW_SECONDS - HTTP_SECONDS - START_MARGIN_SECONDS
    outgoing = _outgoing(message, sight.around, facts)
    return Call(attempt_id, message.channel, outgoing, latest_start, begins_free_days(sight.around, now))


def _outgoing(message: Message, around: Circumstances, facts: Facts) -> Outgoing:
    files = outgoing_files(message)
    return Outgoing(
        message_id=str(message.pk),
        to=around.address,
        body=message.body,
        media=(*(item["url"] for item in message.media if item.get("url")), *(file.url for file in files)),
        files=files,
        status_url=status_url_of(message),
        author=str(message.author or ""),
        subject=str(message.payload.get("subject") or ""),
        thread=thread_of(message),
        unsubscribe_url=_unsubscribe_url_of(message),
        in_human_window=gate.is_free_text_open(facts) and not gate.is_window_open(facts),
        **_template_of(message),
    )


def _unsubscribe_url_of(message: Message) -> str:
    """Only what nobody asked for carries one; most transports have no place for it."""
    if message.purpose != Purpose.MARKETING:
        return ""
    kind = message.channel.kind
    return unsubscribe_url(lead=message.lead, channel_kind=kind, base_url=settings.PUBLIC_BASE_URL)


def _template_of(message: Message) -> dict[str, Any]:
    if not message.verdict.get("as_template") or message.template is None:
        return {}
    variables = dict(message.template_form.get("variables", {}))
    return {"content_sid": message.template.reference, "content_variables": variables}


def status_url_of(message: Message) -> str | None:
    """Where the provider reports on this message; our id travels in the query, so a lost answer is no lost message."""
    channel = message.channel
    if not transports.capabilities_of(channel.kind).status_callbacks:
        return None
    base = channel.settings.get("public_base_url") or settings.PUBLIC_BASE_URL
    return f"{base.rstrip('/')}/hooks/{channel.kind}/{channel.token}/status/?mid={message.pk}"


def _make_call(call: Call, now: datetime) -> None:
    try:
        receipt = _send(call)
    except TransportError as error:
        settle_error(attempt_id=call.attempt_id, error=error, now=now)
    else:
        settle_accepted(attempt_id=call.attempt_id, receipt=receipt, now=now)
        if call.begins_free_days:
            open_free_days(message_id=call.outgoing.message_id, now=now)


def _send(call: Call) -> Receipt:
    """Call the provider. Whatever a transport raises beyond its contract has an unknown outcome."""
    try:
        transport = transports.transport_for(call.channel.kind, call.channel.settings, call.channel.secrets)
    except Exception as error:
        detail = f"the channel's settings do not work: {type(error).__name__} {error}"
        raise TransportError(transports.ErrorKind.MISCONFIGURED, detail=detail) from error
    if monotonic() > call.latest_start:  # the last thing before the call: building a client takes a while
        raise TransportError(transports.ErrorKind.NOT_BEGUN, detail="paused before the call; not sent")
    try:
        return transport.send(call.outgoing)
    except TransportError:
        raise
    except Exception as error:
        raise TransportError(transports.ErrorKind.UNKNOWN, detail=f"{type(error).__name__}: {error}") from error
