"""Playing a recorded conversation through the whole agent: real turns, real reading for facts, a clock of its own.

Everything happens in one transaction on a workspace made for it, and is rolled back: an installation's own customers
are neither seen nor answered, and nothing leaves.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from agents import coordinator
from agents.models import AgentMessage, KnowledgeEntry, LeadFact, StaffAlert, Turn
from agents.primary.record import read_record
from agents.primary.turns import take_turn_of
from agents.qualification.extraction import extract_of
from crm.models import Lead, Membership, Role, User, Workspace
from crm.models.people import IdentityKind
from messaging import floor
from messaging.models import Channel, Conversation, Message
from messaging.models.messages import MessageStatus
from messaging.services.channels import create_channel
from messaging.services.receiving import receive_message
from project.kernel.scope import workspace_scope

from .recordings import RecordedTurn, Recording
from .scripted import ScriptedModel

BEGINNING = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
BUDGET_SECONDS = 10.0
SLOW_BUDGET_SECONDS = 1.5


@dataclass(frozen=True, slots=True)
class Decided:
    """What came of one turn."""

    step: str
    trigger: str = ""
    intent: str = ""
    tier: str = ""
    language: str = ""
    cites: tuple[str, ...] = ()
    text: str = ""
    asks_for: str = ""
    alerts: bool = False
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "cites": list(self.cites)}


@dataclass(frozen=True, slots=True)
class Played:
    """`error` is the failure that ended the conversation early."""

    recording: Recording
    decisions: tuple[Decided, ...]
    facts: dict[str, str] = field(default_factory=dict)
    error: str = ""


class _RollBack(Exception):
    pass


def play(recording: Recording, model: ScriptedModel | None = None) -> Played:
    """With a scripted `model`, each turn's script is put on its desk before the turn is taken."""
    decisions: list[Decided] = []
    facts: dict[str, str] = {}
    error = ""
    try:
        with _throw_away_stage(recording) as stage:
            for turn in recording.turns:
                decisions.append(stage.play(turn, model))
            facts.update(stage.facts())
    except Exception as failure:  # the other conversations are played all the same
        error = f"{type(failure).__name__}: {failure}"
    return Played(recording, tuple(decisions), facts, error)


@contextmanager
def _throw_away_stage(recording: Recording) -> Iterator[_Stage]:
    try:
        with transaction.atomic():
            workspace = _found(recording)
            with workspace_scope(workspace):
                yield _Stage(workspace, recording)
            raise _RollBack
    except _RollBack:
        pass


def _found(recording: Recording) -> Workspace:
    slug = f"evaluation-{uuid.uuid4().hex[:12]}"
    company = recording.company
    workspace = Workspace.everything.create(
        slug=slug, name=company.name, business=company.business, debounce_seconds=0, created_at=BEGINNING
    )
    colleague = User.objects.create(email=f"{slug}@evaluation.invalid", name="Colleague")
    with workspace_scope(workspace):
        Membership.objects.create(workspace=workspace, user=colleague, role=Role.SALES)
    return workspace


class _Stage:
    def __init__(self, workspace: Workspace, recording: Recording) -> None:
        self.workspace = workspace
        self.recording = recording
        self.now = BEGINNING
        self.channel: Channel = create_channel(
            workspace=workspace, kind="webchat", name="Evaluation", values={}, now=self.now
        )
        for entry in recording.knowledge:
            KnowledgeEntry.objects.create(workspace=workspace, **entry.model_dump())
        self._visitor = uuid.uuid4().hex

    def play(self, turn: RecordedTurn, model: ScriptedModel | None) -> Decided:
        self.now += timedelta(minutes=turn.after_minutes)
        for line in turn.customer:
            self._write(line)
        self._let_people_act(turn)
        if model is not None:
            model.script = turn.model
        budget = SLOW_BUDGET_SECONDS if turn.model.fault == "slow" else BUDGET_SECONDS
        with _patience(budget):
            taken = take_turn_of(self._conversation(), self.now)
            self._deliver()
            extract_of(self._conversation(), self.now)
        return self._decided(taken) if taken else Decided("nothing")

    def facts(self) -> dict[str, str]:
        current = LeadFact.objects.filter(workspace=self.workspace, superseded_at=None)
        return dict(current.values_list("field", "value"))

    def _write(self, line: str) -> None:
        known = Lead.objects.filter(workspace=self.workspace).exists()
        receive_message(
            channel=self.channel,
            identities=[(IdentityKind.VISITOR, self._visitor)],
            address=self._visitor,
            provider_id=uuid.uuid4().hex,
            body=line,
            at=self.now,
            now=self.now,
            profile_name=self.recording.lead.name,
        )
        if not known:
            person = self.recording.lead.model_dump(exclude={"name"})
            Lead.objects.filter(workspace=self.workspace).update(**person)

    def _let_people_act(self, turn: RecordedTurn) -> None:
        conversation, colleague = self._conversation(), User.objects.get(email__startswith=self.workspace.slug)
        match turn.event:
            case "taken_over":
                coordinator.take_over(conversation=conversation, user=colleague, now=self.now)
            case "returned":
                coordinator.return_to_ai(conversation=conversation, user=colleague, reason="done", now=self.now)
            case "resolved":
                coordinator.resolve_conversation(conversation=conversation, user=colleague, now=self.now)

    def _conversation(self) -> Conversation:
        return Conversation.objects.select_related("lead", "workspace", "channel").get(workspace=self.workspace)

    def _deliver(self) -> None:
        """What was queued has arrived, and the floor is free again."""
        queued = Message.objects.filter(workspace=self.workspace, status=MessageStatus.QUEUED)
        queued.update(status=MessageStatus.DELIVERED, due_at=None)
        held = floor.current_floor(self._conversation().lead_id)
        if held and held.holder not in ("", "human"):
            floor.release_when_spoken(lead_id=held.lead_id, epoch=held.epoch)

    def _decided(self, turn: Turn) -> Decided:
        turn = Turn.objects.select_related("reply").get(pk=turn.pk)
        record = read_record(turn.analysis)
        asked = AgentMessage.objects.filter(lead=turn.lead_id, kind="handover_request", at=self.now).last()
        return Decided(
            step=turn.decision or turn.state,
            trigger=str(asked.context.get("trigger", "")) if asked else "",
            intent=record.intent,
            tier=record.tier,
            language=record.language,
            cites=tuple(title for reference, title in record.sources if reference in record.cited),
            text=turn.reply.body if turn.reply else "",
            asks_for=record.asked_for,
            alerts=StaffAlert.objects.filter(key=f"turn:{turn.pk}").exists(),
            reason=turn.reason,
        )


@contextmanager
def _patience(seconds: float) -> Iterator[None]:
    before = settings.REASONING_BUDGET_SECONDS
    settings.REASONING_BUDGET_SECONDS = seconds
    try:
        yield
    finally:
        settings.REASONING_BUDGET_SECONDS = before
