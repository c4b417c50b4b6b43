"""What keeps an endpoint from answering: noticed with each call, ended by its next answer, told when it matters."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from agents.models import ModelTrouble
from agents.reasoning.ports import CACHED, Call, Failure
from crm.models import Workspace

LASTS = timedelta(minutes=10)
"""From the first failure without an answer since: a shorter one mends itself, and nobody is woken for it."""

MEANINGS = {
    Failure.QUOTA: "its quota is used up: top the account up, or put another endpoint before it",
    Failure.UNAUTHORIZED: "it refuses the key: set a valid one and restart the workers",
    Failure.RATE_LIMITED: "it is asked more often than it allows",
    Failure.TIMEOUT: "it does not answer in time",
    Failure.UNREACHABLE: "it cannot be reached, or fails",
    Failure.INVALID: "what it answers cannot be used; is the model's name right?",
}
_ONLY_A_PERSON_MENDS = frozenset({Failure.QUOTA, Failure.UNAUTHORIZED})
"""Told at once."""


def note_troubles(*, workspace: Workspace, calls: Iterable[Call], now: datetime) -> None:
    """The last call to each endpoint says how it is. A refusal or a cut answer is an answer."""
    latest = {(call.endpoint[:255], call.model[:128]): call.outcome for call in calls if call.outcome != CACHED}
    for (endpoint, model), outcome in latest.items():
        if outcome in MEANINGS:
            _note(workspace, endpoint, model, Failure(outcome), now)
        else:
            _end(workspace, endpoint, model, now)


def meaning_of(trouble: ModelTrouble) -> str:
    """Half a sentence for a person: what is wrong, and what helps."""
    return MEANINGS.get(Failure(trouble.cause), trouble.cause)


def is_lasting(trouble: ModelTrouble) -> bool:
    """One failure that nobody met again is no news."""
    return Failure(trouble.cause) in _ONLY_A_PERSON_MENDS or trouble.last_at - trouble.first_at >= LASTS / 2


def open_troubles(workspace: Workspace) -> list[ModelTrouble]:
    return list(ModelTrouble.objects.filter(workspace=workspace, ended_at=None).order_by("first_at"))


_NOTE = """
    INSERT INTO agents_modeltrouble AS known
        (workspace_id, endpoint, model, cause, count, first_at, last_at, due_at)
    VALUES (%(workspace)s, %(endpoint)s, %(model)s, %(cause)s, 1, %(now)s, %(now)s, %(due)s)
    ON CONFLICT (workspace_id, endpoint, model) WHERE ended_at IS NULL DO UPDATE
       SET count = known.count + 1, last_at = excluded.last_at, cause = excluded.cause,
           due_at = CASE WHEN known.told_at IS NULL THEN least(known.due_at, excluded.due_at) END
"""


def _note(workspace: Workspace, endpoint: str, model: str, cause: Failure, now: datetime) -> None:
    values: dict[str, Any] = {
        "workspace": workspace.pk,
        "endpoint": endpoint,
        "model": model,
        "cause": str(cause),
        "now": now,
        "due": now if cause in _ONLY_A_PERSON_MENDS else now + LASTS,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NOTE, values)


def _end(workspace: Workspace, endpoint: str, model: str, now: datetime) -> None:
    ended = ModelTrouble.objects.filter(workspace=workspace, endpoint=endpoint, model=model, ended_at=None)
    ended.update(ended_at=now, due_at=None)
