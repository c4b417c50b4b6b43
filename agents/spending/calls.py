"""Writing down what models were asked, after the answer: one short transaction, never around a call."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from agents.models import ModelCall
from agents.reasoning.budget import with_costs
from agents.reasoning.ports import CACHED, Call, Usage
from crm.models import Workspace

from .prices import prices
from .troubles import note_troubles


@dataclass(frozen=True, slots=True)
class About:
    """Whom a question to a model was about, by ids."""

    lead_id: int | None = None
    conversation_id: int | None = None
    turn_id: int | None = None


def record_model_calls(*, workspace: Workspace, usage: Usage, now: datetime, about: About | None = None) -> Usage:
    """The same usage with its cost. Failed calls are recorded too: they take time and may be billed."""
    if not usage.log:
        return usage
    usage = with_costs(usage, now.astimezone(workspace.zone).date(), prices())
    rows = [_row(workspace, call, about or About(), now) for call in usage.log]
    with transaction.atomic():
        ModelCall.objects.bulk_create(rows)
        _add_to_day(workspace, rows, now)
        note_troubles(workspace=workspace, calls=usage.log, now=now)
    return usage


def _row(workspace: Workspace, call: Call, about: About, now: datetime) -> ModelCall:
    return ModelCall(
        workspace=workspace,
        lead_id=about.lead_id,
        conversation_id=about.conversation_id,
        turn_id=about.turn_id,
        crew=call.crew[:64],
        model=call.model[:128],
        endpoint=call.endpoint[:255],
        outcome=call.outcome[:32],
        prompt_tokens=min(call.prompt_tokens, MOST_TOKENS),
        completion_tokens=min(call.completion_tokens, MOST_TOKENS),
        cached_tokens=min(call.cached_tokens, MOST_TOKENS),
        cost=None if call.cost is None else min(Decimal(str(call.cost)), HIGHEST_COST),
        seconds=call.seconds,
        at=now,
    )


MOST_TOKENS = 10_000_000
HIGHEST_COST = Decimal(9999)
"""A server that counts nonsense must not keep the answer from the customer."""

_ADD = """
    INSERT INTO agents_modelday AS known (workspace_id, day, calls, tokens, cost)
    VALUES (%(workspace)s, %(day)s, %(calls)s, %(tokens)s, %(cost)s)
    ON CONFLICT (workspace_id, day) DO UPDATE
       SET calls = known.calls + excluded.calls, tokens = known.tokens + excluded.tokens,
           cost = known.cost + excluded.cost
"""


def _add_to_day(workspace: Workspace, rows: list[ModelCall], now: datetime) -> None:
    made = [row for row in rows if row.outcome != CACHED]
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "day": now.astimezone(workspace.zone).date(),
        "calls": len(made),
        "tokens": sum(row.prompt_tokens + row.completion_tokens for row in made),
        "cost": sum((row.cost or Decimal(0) for row in made), Decimal(0)),
    }
    with connection.cursor() as cursor:
        cursor.execute(_ADD, values)
