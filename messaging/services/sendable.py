"""Which messages may be looked at for sending, and everything about the one that is; one statement each."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import islice
from typing import Any

from django.db import connection, models

from messaging.models import Channel, Conversation, Message
from messaging.models.floor import Priority

from .facts import CIRCUMSTANCES, CIRCUMSTANCES_OF_MESSAGE, Circumstances


@dataclass(frozen=True, slots=True)
class Candidate:
    """A message that could be sent; its conversation is locked."""

    id: uuid.UUID
    conversation_id: int
    workspace_id: int


@dataclass(frozen=True, slots=True)
class Sight:
    """The candidate as it stands under the lock, with its channel and conversation read."""

    message: Message
    around: Circumstances
    is_breaker_open: bool


# Due messages of leads without an attempt in flight or in doubt, each behind no earlier word of its grant. Those of a
# sender that is paused or rests wait untouched: looking at each of them again and again would be work for nothing.
_IS_SENDABLE = """
           message.status = 'queued' AND message.due_at <= %(now)s
       AND channel.paused_at IS NULL AND (channel.rests_until IS NULL OR channel.rests_until <= %(now)s)
       AND NOT EXISTS (SELECT 1 FROM messaging_attempt AS attempt
                        WHERE attempt.lead_id = message.lead_id AND attempt.state IN ('calling', 'unknown'))
       AND NOT EXISTS (SELECT 1 FROM messaging_message AS earlier
                        WHERE earlier.lead_id = message.lead_id AND earlier.epoch = message.epoch
                          AND earlier.status = 'queued' AND earlier.position < message.position)
"""
SENDABLE = f"""
      FROM messaging_message AS message
      JOIN messaging_conversation AS conversation ON conversation.id = message.conversation_id
      JOIN messaging_channel AS channel ON channel.id = message.channel_id
     WHERE {_IS_SENDABLE}
"""
# No EXISTS: there PostgreSQL drops the order, and with it, while many have just left, its reason to use the index.
_ANY_SENDABLE = f"SELECT true {SENDABLE} ORDER BY message.priority, message.due_at LIMIT 1"
_LOCK_NEXT = f"""
    SELECT message.id, message.conversation_id, message.workspace_id {SENDABLE}
     ORDER BY message.priority, message.due_at
     LIMIT 1 FOR NO KEY UPDATE OF conversation SKIP LOCKED
"""
# Agents that want one conversation's floor again and again lock it so often that each look passes it over.
_WAIT_FOR_PERSONS = f"""
    SELECT message.id, message.conversation_id, message.workspace_id {SENDABLE}
       AND message.priority = {int(Priority.HUMAN)}
     ORDER BY message.due_at
     LIMIT 1 FOR NO KEY UPDATE OF conversation
"""


def has_sendable_messages(now: datetime) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_ANY_SENDABLE, {"now": now})
        return cursor.fetchone() is not None


def lock_next_sendable(now: datetime) -> Candidate | None:
    """Whatever nobody else has locked; when that is nothing, a person's words, once their conversation is free."""
    with connection.cursor() as cursor:
        for look in (_LOCK_NEXT, _WAIT_FOR_PERSONS):
            cursor.execute(look, {"now": now})
            row = cursor.fetchone()
            if row:
                return Candidate(*row)
    return None


def look_at(candidate: Candidate, now: datetime) -> Sight | None:
    """Read it under the lock; None when somebody was quicker between the look and the lock."""
    with connection.cursor() as cursor:
        cursor.execute(_look(), {"now": now, "id": candidate.id})
        row = cursor.fetchone()
    if row is None or not row[0]:
        return None
    values = iter(row[2:])
    message, conversation, channel = (_read(model, values) for model in (Message, Conversation, Channel))
    message.conversation, message.channel = conversation, channel
    return Sight(message, Circumstances(*values), is_breaker_open=row[1])


def _look() -> str:
    columns = ", ".join(
        [_columns(Message, "message"), _columns(Conversation, "conversation"), _columns(Channel, "channel")]
    )
    return f"""
        SELECT {_IS_SENDABLE}, breaker.id IS NOT NULL, {columns}, {CIRCUMSTANCES}
          FROM messaging_message AS message
          JOIN messaging_conversation AS conversation ON conversation.id = message.conversation_id
          JOIN messaging_channel AS channel ON channel.id = message.channel_id
          LEFT JOIN messaging_breaker AS breaker ON breaker.channel_id = channel.id AND breaker.rests > 0
          {CIRCUMSTANCES_OF_MESSAGE}
         WHERE message.id = %(id)s
    """


@cache
def _columns(model: type[models.Model], alias: str) -> str:
    return ", ".join(f"{alias}.{field.column}" for field in model._meta.concrete_fields)


def _read(model: type[models.Model], values: Any) -> Any:
    """An instance from the next values, as a queryset would make it: its SQL is what costs a queryset its time."""
    names, converters = _reading(model)
    read = list(islice(values, len(names)))
    for place, convert in converters:
        read[place] = convert(read[place], None, connection)
    return model.from_db("default", names, read)


@cache
def _reading(model: type[models.Model]) -> tuple[list[str], list[tuple[int, Any]]]:
    """The names of the model's fields, and how the few are converted that PostgreSQL gives as something else."""
    fields = model._meta.concrete_fields
    converters = [(place, each) for place, field in enumerate(fields) for each in field.get_db_converters(connection)]
    return [field.attname for field in fields], converters
