"""Token buckets per account, sender and pair (the generic cell rate algorithm), kept as rows: a restart forgets none.

All buckets of a message are taken by one statement, or none is. It locks them in the order of their keys and runs as
the last thing before the claim is written, because the sender's row is one that all its messages want.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from messaging.models import Channel
from messaging.transports import capabilities_of

from .senders import explain_rest, rest_sender

RATE_LIMITED = "rate_limited"

WORDS = {
    "account": "The account has sent as fast as its provider allows.",
    "sender": "The sender has sent as fast as its provider allows.",
    "pair": "This customer has been sent as many messages as the provider allows in so short a time.",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """One token each `interval`, `burst` of them at once after a rest."""

    key: str
    interval: timedelta
    burst: int

    @property
    def slack(self) -> timedelta:
        """How far in the future `full_at` may lie while a token is left."""
        return self.interval * (self.burst - 1)


@dataclass(frozen=True, slots=True)
class Shortage:
    """No token now: which bucket is empty, and the instant at which it has one."""

    scope: str
    until: datetime

    @property
    def reason(self) -> str:
        return WORDS[self.scope]


def rates_of(channel: Channel, address: str) -> list[Rate]:
    """The rates that a message to `address` is subject to; a channel's settings override its kind's."""
    can = capabilities_of(channel.kind)
    account = channel.settings.get(can.account_field, "")
    sender_rate = _chosen(channel, "rate_per_second", can.bulk_rate_per_second)
    account_rate = _chosen(channel, "account_rate_per_second", can.account_rate_per_second) if account else 0
    pair_seconds = _chosen(channel, "pair_seconds", can.pair_seconds)
    rates = []
    if account_rate:
        rates.append(_per_second(f"account:{account}", account_rate))
    if sender_rate:
        rates.append(_per_second(f"sender:{channel.pk}", sender_rate, can.bulk_burst))
    if pair_seconds:
        rates.append(Rate(f"pair:{channel.pk}:{address}", timedelta(seconds=pair_seconds), can.pair_burst))
    return rates


def _chosen(channel: Channel, name: str, usual: float) -> float:
    return float(channel.settings.get(name, usual))


def _per_second(key: str, rate: float, burst: int | None = None) -> Rate:
    """A second's worth at once, unless told otherwise: the dispatcher is woken each second."""
    return Rate(key, timedelta(seconds=1 / rate), burst or max(1, round(rate)))


# The update follows a row that changed since the statement began, as PostgreSQL does for what it has locked itself.
# Every customer's first message finds no bucket of its pair; it is added with that message's token already taken.
_TAKE = """
    WITH wanted AS (
        SELECT * FROM unnest(%(keys)s::text[], %(intervals)s::interval[], %(slacks)s::interval[])
               AS wanted (key, interval, slack)
    ), locked AS MATERIALIZED (
        SELECT bucket.id, bucket.key, bucket.full_at, wanted.interval, wanted.slack
          FROM messaging_bucket AS bucket JOIN wanted ON wanted.key = bucket.key
         WHERE bucket.workspace_id = %(workspace)s
         ORDER BY bucket.key FOR NO KEY UPDATE OF bucket
    ), judged AS (
        SELECT count(*) AS found, max(full_at - slack) AS ready_at,
               coalesce(max(full_at - slack) <= %(now)s, true) AS has_tokens,
               (array_agg(key ORDER BY full_at - slack DESC))[1] AS emptiest
          FROM locked
    ), taken AS (
        UPDATE messaging_bucket AS bucket SET full_at = greatest(bucket.full_at, %(now)s) + locked.interval
          FROM locked, judged
         WHERE bucket.id = locked.id AND judged.has_tokens
    ), added AS (
        INSERT INTO messaging_bucket (workspace_id, key, full_at)
        SELECT %(workspace)s, wanted.key, %(now)s + wanted.interval FROM wanted, judged
         WHERE judged.has_tokens AND NOT EXISTS (SELECT 1 FROM locked WHERE locked.key = wanted.key)
         ORDER BY wanted.key
        ON CONFLICT (workspace_id, key) DO NOTHING
        RETURNING id
    )
    SELECT has_tokens, found + (SELECT count(*) FROM added) = %(count)s, ready_at, emptiest FROM judged
"""
_DRAIN = """
    INSERT INTO messaging_bucket AS bucket (workspace_id, key, full_at)
    VALUES (%(workspace)s, %(key)s, %(full_at)s)
    ON CONFLICT (workspace_id, key) DO UPDATE SET full_at = greatest(bucket.full_at, excluded.full_at)
"""


def take_tokens(*, workspace_id: int, rates: list[Rate], now: datetime) -> Shortage | None:
    """One token of each bucket, or none of any; then the shortage says which is empty, and until when."""
    if not rates:
        return None
    keys = [rate.key for rate in rates]
    values: dict[str, Any] = {
        "workspace": workspace_id,
        "now": now,
        "count": len(keys),
        "keys": keys,
        "intervals": [rate.interval for rate in rates],
        "slacks": [rate.slack for rate in rates],
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        has_tokens, is_complete, ready_at, emptiest = cursor.fetchone()
        if has_tokens and not is_complete:
            # Two first messages of a sender at once, and the other one added its bucket. Taken again: of the other
            # buckets a token too many is spent, of none a token too few.
            cursor.execute(_TAKE, values)
            has_tokens, _, ready_at, emptiest = cursor.fetchone()
    return None if has_tokens else Shortage(emptiest.partition(":")[0], ready_at)


def slow_down(channel: Channel, *, seconds: float, reason: str, now: datetime) -> None:
    """The provider says that this sender is too fast: its buckets are empty for so long, and its messages wait."""
    until = now + timedelta(seconds=seconds)
    for rate in _of_sender(channel):
        with connection.cursor() as cursor:
            values: dict[str, Any] = {"workspace": channel.workspace_id, "key": rate.key, "full_at": until + rate.slack}
            cursor.execute(_DRAIN, values)
    rest_sender(channel.pk, until=until, code=RATE_LIMITED, reason=reason)
    explain_rest(channel.pk, until=until, code=RATE_LIMITED, reason=reason, now=now)


def _of_sender(channel: Channel) -> Iterator[Rate]:
    return (rate for rate in rates_of(channel, "") if rate.key.startswith("sender:"))
