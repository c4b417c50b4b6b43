"""Reading a conversation for facts: claim, look, think, record.

The row is a lease. No transaction or lock is open while a model thinks; what is found is recorded in one transaction
that also ends the row. A row that fails five times is parked and stands in the admin.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from threading import BoundedSemaphore
from typing import Any

import phonenumbers
from django.conf import settings
from django.db import transaction
from django.db.models import Q

from agents.models import Extraction
from agents.models.qualification import ExtractionState
from agents.primary.settings import model_settings
from agents.reasoning.ports import AnalystUnavailable
from agents.spending.calls import About
from crm.models import Identity
from crm.models.people import IdentityKind
from messaging.models import Conversation, Message
from messaging.models.messages import Direction
from messaging.services.conversations import lock_conversation, next_seq
from project.kernel.due import MAX_ATTEMPTS, WorkerDied, retry_delay
from project.kernel.leases import ClockTimestamp
from project.kernel.scope import across_workspaces, workspace_scope

from .findings import Findings, Said
from .merging import record_findings
from .model import extract_by_model
from .offline import extract_offline
from .scoring import score_leads

logger = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
MOST_MESSAGES = 40
"""Customer messages that one reading looks at, the newest of those not read before."""

SEATS = 2
_reading = BoundedSemaphore(SEATS)
"""How many of one worker's threads may read at once: behind a model that hangs, the others are there for replies."""

CONTEXT = 5
"""Earlier messages of the customer that are read again: an answer without its question says little."""


def has_due_extractions(now: datetime) -> bool:
    with across_workspaces():
        return _claimable(now).order_by("due_at").values_list("pk").first() is not None


def extract_one_due(now: datetime) -> bool:
    """Read one conversation for facts; False when none is due, or enough are being read."""
    if not _reading.acquire(blocking=False):
        return False
    try:
        return _extract_one_due(now)
    finally:
        _reading.release()


def _extract_one_due(now: datetime) -> bool:
    with across_workspaces():
        row = _claim(now)
    if row is None:
        return False
    with workspace_scope(row.workspace_id):
        try:
            _extract(row, now)
        except Exception as error:  # anything unforeseen: tried again, then parked
            logger.exception("extraction.failed", extra={"extraction": row.pk})
            _rest_or_park(row, error, now)
    return True


def extract_of(conversation: Conversation, now: datetime) -> bool:
    """Read this one conversation, if it is due. A failure is the caller's."""
    row = _claim(now, conversation=conversation)
    if row is not None:
        _extract(row, now)
    return row is not None


def _claimable(now: datetime) -> Any:
    """Stated so that PostgreSQL can use the partial index on `due_at`."""
    is_open = Extraction.objects.filter(state__in=["waiting", "taken"], due_at__lte=now)
    return is_open.filter(Q(state="waiting") | Q(claimed_until__lt=ClockTimestamp()))


@transaction.atomic
def _claim(now: datetime, **only: Any) -> Extraction | None:
    row: Extraction | None = (
        _claimable(now)
        .filter(**only)
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
        .order_by("due_at")
        .first()
    )
    if row is None:
        return None
    row.state = ExtractionState.TAKEN
    row.attempts_made += 1
    row.claimed_until = ClockTimestamp() + LEASE
    row.save(update_fields=["state", "attempts_made", "claimed_until"])
    return row


def _extract(row: Extraction, now: datetime) -> None:
    if row.attempts_made > MAX_ATTEMPTS:
        raise WorkerDied
    conversation = Conversation.objects.select_related("lead", "workspace").get(pk=row.conversation_id)
    said = _said(row)
    found, told = read_findings(conversation, said, now)
    _record(row, conversation, said, found, told, now)


def read_findings(conversation: Conversation, said: list[Said], now: datetime) -> tuple[Findings, dict[str, Any]]:
    """What the messages tell, and what the trail keeps of how it was read. The model adds to the plain words."""
    plain = extract_offline(said, region=_region(conversation.lead_id))
    if conversation.workspace.is_internal or model_settings() is None or not said:
        return plain, {"tier": "offline"}
    try:
        found = extract_by_model(
            said,
            plain=plain,
            workspace=conversation.workspace,
            about=About(conversation.lead_id, conversation.pk),
            budget_seconds=float(settings.REASONING_BUDGET_SECONDS),
            now=now,
        )
    except AnalystUnavailable as unavailable:
        return plain, {"tier": "offline", "fallback": str(unavailable.reason)}
    return found, {"tier": "crew"}


def _said(row: Extraction) -> list[Said]:
    """The customer's messages not read before, oldest first, behind a few earlier ones."""
    inbound = (
        Message.objects.filter(conversation=row.conversation_id, direction=Direction.IN)
        .exclude(body="")
        .values_list("pk", "position", "body")
    )
    newer = list(inbound.filter(position__gt=row.read_from).order_by("-position")[:MOST_MESSAGES])
    older = list(inbound.filter(position__lte=row.read_from).order_by("-position")[:CONTEXT]) if newer else []
    return [Said(*each) for each in reversed([*newer, *older])]


def _region(lead_id: int) -> str | None:
    """The country of the lead's own number: people write their other number without its code."""
    phone = Identity.objects.filter(lead=lead_id, kind=IdentityKind.PHONE).values_list("value", flat=True).first()
    if not phone:
        return None
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone, None))
    except phonenumbers.NumberParseException:
        return None


@transaction.atomic
def _record(
    row: Extraction, conversation: Conversation, said: list[Said], found: Findings, told: dict[str, Any], now: datetime
) -> None:
    """Everything that was found, and the end of the row, in one commit; nothing when another worker has the row."""
    locked = lock_conversation(conversation)
    if not _has_claim(row):
        return
    learned = record_findings(conversation=locked, found=found, why=row.why, told=told, now=now)
    row.state = ExtractionState.DONE
    row.claimed_until = None
    row.finished_at = now
    row.read_to = max([row.read_from, *(each.position for each in said)])
    row.outcome = {**told, "learned": learned, "messages": len(said)}
    row.save(update_fields=["state", "claimed_until", "finished_at", "read_to", "outcome"])
    score_leads([row.lead_id], now=now)
    next_seq(locked)


def _has_claim(row: Extraction) -> bool:
    ours = Extraction.objects.select_for_update(no_key=True).filter(
        pk=row.pk, state=ExtractionState.TAKEN, attempts_made=row.attempts_made
    )
    return ours.values_list("pk", flat=True).first() is not None


@transaction.atomic
def _rest_or_park(row: Extraction, error: Exception, now: datetime) -> None:
    if not _has_claim(row):
        return
    is_last = row.attempts_made >= MAX_ATTEMPTS
    row.state = ExtractionState.PARKED if is_last else ExtractionState.WAITING
    row.due_at = now if is_last else now + retry_delay(row.attempts_made)
    row.finished_at = now if is_last else None
    row.claimed_until = None
    row.error = f"{type(error).__name__}: {error}"[:500]
    row.save(update_fields=["state", "due_at", "finished_at", "claimed_until", "error"])
