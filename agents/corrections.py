"""Corrections by people: "this was a request for a person". The exact tier knows them at once, a layer soon after."""

import hashlib
import logging
from datetime import datetime, timedelta

from django.db import transaction

from agents.models import Correction, TrainedLayer, Turn
from agents.reasoning.cascade import NOTHING_TAUGHT, Taught
from agents.reasoning.ports import Intent
from agents.reasoning.text import normalise
from agents.reasoning.trained import WISHES, Layer, shipped_model
from agents.reasoning.trained_layer import MOST_CORRECTIONS, fit_layer, restore_layer, store_layer
from crm.models import User, Workspace
from crm.services.trail import record_decision
from messaging.models import Message
from messaging.models.messages import Direction
from messaging.services.conversations import lock_conversation, next_seq
from project.kernel.due import MAX_ATTEMPTS, is_any_due, retry_delay
from project.kernel.scope import across_workspaces, workspace_scope

logger = logging.getLogger(__name__)
LONGEST_TEXT = 2000
SETTLING = timedelta(minutes=1)
"""People correct several messages in a row: one training serves them all."""
MOST_LINES = 10
_layers: dict[int, tuple[datetime, Layer]] = {}


class NothingToLearn(Exception):
    """The message teaches nothing: it is our own, or has no words."""


def correct_reading(*, message: Message, intent: Intent, user: User, now: datetime) -> Correction:
    """What a customer's message really meant. Asked again, the later word holds."""
    text = message.body.strip()[:LONGEST_TEXT]
    if message.direction != Direction.IN:
        raise NothingToLearn("Only a customer's message can be corrected.")
    if not _spelling(text):
        raise NothingToLearn("This message has no words to learn from.")
    with transaction.atomic():
        conversation = lock_conversation(message.conversation_id)
        was = _read_as(message)
        correction, _ = Correction.objects.update_or_create(
            workspace_id=message.workspace_id,
            digest=_digest(text),
            defaults={
                "lead_id": message.lead_id, "message": message, "corrected_by": user, "corrected_at": now,
                "text": text, "intent": intent, "was_read_as": was,
            },
        )  # fmt: skip
        _ask_for_training(message.workspace_id, now)
        record_decision(
            lead=conversation.lead, actor=str(user), kind="reading.corrected", reason=_told(user, text, intent, was),
            now=now, message=str(message.pk), intent=intent, was=was,
        )  # fmt: skip
        next_seq(conversation)
    return correction


def taught_by(workspace_id: int, text: str) -> Taught:
    """What this workspace's people taught about a text: two short queries, whatever they taught besides."""
    lesson = _lesson(workspace_id, text)
    layer = _layer_of(workspace_id)
    return Taught(lesson, layer) if lesson or layer else NOTHING_TAUGHT


def has_due_layers(now: datetime) -> bool:
    with across_workspaces():
        return is_any_due(TrainedLayer.objects.filter(due_at__lte=now))


def train_one_due_layer(now: datetime) -> bool:
    """Train one workspace's layer anew; False when none is due."""
    with across_workspaces(), transaction.atomic():
        due = TrainedLayer.objects.filter(due_at__lte=now).order_by("due_at")
        row = due.select_for_update(skip_locked=True, no_key=True).first()
        if row is None:
            return False
        row.attempts_made += 1
        parked = row.attempts_made >= MAX_ATTEMPTS
        row.due_at = None if parked else now + retry_delay(row.attempts_made)  # should this attempt die
        row.save(update_fields=["attempts_made", "due_at"])
    with workspace_scope(row.workspace_id):
        train_layer(workspace=row.workspace, now=now)
    return True


def train_layer(*, workspace: Workspace, now: datetime) -> int:
    """From all that the workspace's people taught; the number of corrections. No lock is held while it is fitted."""
    model = shipped_model()
    newest = Correction.objects.filter(workspace=workspace).order_by("-corrected_at", "-id")[:MOST_CORRECTIONS]
    lessons = [(correction.text, Intent(correction.intent)) for correction in newest]
    if model is None:
        logger.warning("analyst.layer_not_trained", extra={"workspace": workspace.pk})
        return 0
    stored = store_layer(fit_layer(model, lessons)) if lessons else b""
    fresh = {
        "due_at": None, "attempts_made": 0, "trained_at": now, "corrections": len(lessons),
        "model_digest": model.digest, "weights": stored,
    }  # fmt: skip
    with transaction.atomic():
        TrainedLayer.objects.update_or_create(workspace=workspace, defaults=fresh)
        last = newest.values_list("corrected_at", flat=True).first()
        if last and lessons and last > now:  # somebody corrected while it was fitted
            _ask_for_training(workspace.pk, now)
    return len(lessons)


def _lesson(workspace_id: int, text: str) -> Intent | None:
    """About the whole text; of several messages in a row, a wish that one of them is known to be."""
    digests = [_digest(part) for part in (text, *text.splitlines()[-MOST_LINES:]) if _spelling(part)]
    known = dict(
        Correction.objects.filter(workspace_id=workspace_id, digest__in=digests).values_list("digest", "intent")
    )
    if not known:
        return None
    if digests[0] in known:
        return Intent(known[digests[0]])
    return next((Intent(known[digest]) for digest in digests if known.get(digest) in WISHES), None)


def _layer_of(workspace_id: int) -> Layer | None:
    """Each process keeps the layers that it has read, until they are trained anew."""
    model = shipped_model()
    current = TrainedLayer.objects.filter(workspace_id=workspace_id, corrections__gt=0, trained_at__isnull=False)
    found = current.values_list("trained_at", "model_digest").first()
    if found is None or found[0] is None or model is None or found[1] != model.digest:
        return None
    kept = _layers.get(workspace_id)
    if kept is None or kept[0] != found[0]:
        weights = current.values_list("weights", flat=True).first()
        if not weights:
            return None
        kept = _layers[workspace_id] = (found[0], restore_layer(bytes(weights)))
    return kept[1]


def _ask_for_training(workspace_id: int, now: datetime) -> None:
    TrainedLayer.objects.update_or_create(
        workspace_id=workspace_id, defaults={"due_at": now + SETTLING, "attempts_made": 0}
    )


def _read_as(message: Message) -> str:
    turn = Turn.objects.filter(conversation_id=message.conversation_id, newest=message).order_by("-id").first()
    return str(turn.analysis.get("intent") or turn.decision)[:32] if turn else ""


def _told(user: User, text: str, intent: Intent, was: str) -> str:
    before = f" The AI had read it as “{was.replace('_', ' ')}”." if was and was != intent else ""
    return f"{user} says that “{_shortened(text)}” means “{intent.replace('_', ' ')}”.{before}"


def _shortened(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= 120 else f"{words[:119]}…"


def _spelling(text: str) -> str:
    return " ".join(normalise(text)[-1].words)


def _digest(text: str) -> str:
    return hashlib.sha256(_spelling(text).encode("utf-8", "replace")).hexdigest()
