"""A circuit breaker per channel, on a row that all workers share.

After some calls in a row that the provider did not answer, nothing is sent for a while: no attempt is spent, nothing
becomes unknown. Then one message goes as a probe. Its answer, whatever it says, ends the rest; silence begins a longer
one. A probe whose process died is forgotten after `PROBE_SECONDS`.
"""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from crm.models import Lead
from crm.services.trail import record_decision
from messaging.gate import Outcome, Verdict
from messaging.models import Breaker, Channel, Message

from .senders import end_rest, explain_rest, report_trouble, rest_sender

PROVIDER_SILENT = "provider_silent"
FAILURES_TO_REST = 5
FIRST_REST_SECONDS = 10.0
LONGEST_REST_SECONDS = 300.0
PROBE_SECONDS = 30.0

_COUNT_FAILURE = """
    INSERT INTO messaging_breaker AS breaker (workspace_id, channel_id, failures, rests)
    VALUES (%(workspace)s, %(channel)s, 1, 0)
    ON CONFLICT (channel_id) DO UPDATE SET failures = breaker.failures + 1
    RETURNING failures, rests, probe_id
"""
_REST = """
    UPDATE messaging_breaker SET rests = %(rests)s, rests_until = %(until)s, probe_id = NULL, probe_until = NULL
     WHERE channel_id = %(channel)s
"""
_TAKE_PROBE = """
    UPDATE messaging_breaker SET probe_id = %(message)s, probe_until = %(until)s
     WHERE channel_id = %(channel)s AND rests > 0 AND rests_until <= %(now)s
       AND (probe_until IS NULL OR probe_until <= %(now)s)
"""
_CLOSE = """
    UPDATE messaging_breaker AS breaker
       SET failures = 0, rests = 0, rests_until = NULL, probe_id = NULL, probe_until = NULL
      FROM (SELECT id, rests FROM messaging_breaker
             WHERE channel_id = %(channel)s AND (failures > 0 OR rests > 0) FOR NO KEY UPDATE) AS before
     WHERE breaker.id = before.id
    RETURNING before.rests > 0
"""


def record_silence(*, channel: Channel, message: Message, now: datetime) -> bool:
    """A call that the provider did not answer; whether its sending rests now.

    Those begun before the rest say nothing new when they end in it.
    """
    counted = _fetch(_COUNT_FAILURE, workspace=channel.workspace_id, channel=channel.pk)
    assert counted is not None
    failures, rests, probe_id = counted
    is_enough = failures >= FAILURES_TO_REST if rests == 0 else probe_id == message.pk
    if is_enough:
        _rest(channel, message.lead, rests + 1, now)
    return bool(is_enough or rests)


def record_answer(*, channel: Channel, lead: Lead, now: datetime) -> None:
    """The provider answered, be it with a refusal."""
    closed = _fetch(_CLOSE, channel=channel.pk)
    if closed is None or not closed[0]:
        return
    end_rest(channel.pk, code=PROVIDER_SILENT, now=now)
    record_decision(
        lead=lead,
        actor="outbox",
        kind="sending.resumed",
        reason=f"{channel} answers again; what waited leaves now.",
        now=now,
        channel=channel.pk,
    )


def take_probe(*, channel: Channel, message: Message, now: datetime) -> Verdict | None:
    """Whether the message may be the probe of an open breaker; else the verdict by which it waits."""
    until = now + timedelta(seconds=PROBE_SECONDS)
    with connection.cursor() as cursor:
        cursor.execute(_TAKE_PROBE, {"channel": channel.pk, "message": message.pk, "until": until, "now": now})
        is_probe = cursor.rowcount == 1
    if is_probe:
        rest_sender(channel.pk, until=until, code=PROVIDER_SILENT, reason=_why(channel))
        return None
    breaker = Breaker.objects.filter(channel=channel, rests__gt=0).first()
    if breaker is None:
        return None
    wait = max(filter(None, (breaker.rests_until, breaker.probe_until)))
    return Verdict(Outcome.DEFER, PROVIDER_SILENT, _why(channel), wait)


def _rest(channel: Channel, lead: Lead, rests: int, now: datetime) -> None:
    seconds = min(FIRST_REST_SECONDS * 2 ** (rests - 1), LONGEST_REST_SECONDS)
    until = now + timedelta(seconds=seconds)
    with connection.cursor() as cursor:
        cursor.execute(_REST, {"channel": channel.pk, "rests": rests, "until": until})
    rest_sender(channel.pk, until=until, code=PROVIDER_SILENT, reason=_why(channel))
    explain_rest(channel.pk, until=until, code=PROVIDER_SILENT, reason=_why(channel), now=now)
    if rests > 1:
        return
    report_trouble(channel, code=PROVIDER_SILENT, meaning="The provider does not answer; sending rests", now=now)
    record_decision(
        lead=lead,
        actor="outbox",
        kind="sending.rested",
        reason=f"{_why(channel)} Nothing is lost; one message will try it first.",
        now=now,
        channel=channel.pk,
        until=until.isoformat(),
    )


def _why(channel: Channel) -> str:
    return f"{channel} does not answer: sending rests until it does."


def _fetch(statement: str, **values: Any) -> tuple[Any, ...] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return row
