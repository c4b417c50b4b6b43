"""A history that is as it should be, and ways to spoil it: rows written past the services."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from agents.models import AgentMessage, AgentState, StaffAlert, Turn
from analytics.services.audits import run_audit
from crm.models import Consent
from crm.services.trail import record_decision
from handover.models import Handover, LadderStep
from messaging.models import Attempt, EventKey, Floor, Message, WebhookEvent
from messaging.services.dispatch import CALL_WINDOW_SECONDS
from project.kernel.scope import workspace_scope
from tests.cast import NOON, Cast, gather_cast

TEN_TO_ONE = NOON + timedelta(minutes=50)
RUNGS = {"alert": 15, "update": 30, "bridge": 45, "resume": 60}


def seconds(count: float) -> timedelta:
    return timedelta(seconds=count)


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


class History:
    """Davi's conversation, judged as of an hour after noon. Each row that is added breaks nothing by itself."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.now = NOON + minutes(60)
        self.of_workspace = {"workspace": cast.acme}
        self.of_lead = {"workspace": cast.acme, "lead": cast.davi}
        self.floor = Floor.objects.create(**self.of_lead, epoch=10)
        Floor.objects.update(changed_at=NOON - timedelta(days=1))

    def found(self, **options: Any) -> dict[str, int]:
        """What the audit counts, without the zeroes."""
        run = run_audit(workspace=None, since=None, now=self.now, **options)
        return {name: count for name, count in run.counts.items() if count}

    # -- messages and attempts -----------------------------------------------------------------------------------

    def says(self, at: datetime = NOON, body: str = "Hello", **changes: Any) -> Message:
        """Davi writes."""
        return self._message(at, body, direction="in", voice="customer", status="received", **changes)

    def sends(self, at: datetime = NOON, body: str = "Good day", **changes: Any) -> Message:
        """Our words, accepted in one attempt unless `status` says otherwise."""
        fields = {"voice": "ai", "status": "accepted", "epoch": 10, "sent_at": at, **changes}
        if fields["status"] != "accepted":
            fields["sent_at"] = changes.get("sent_at")
        if fields["status"] == "queued":
            fields.setdefault("due_at", at)
        message = self._message(at, body, direction="out", **fields)
        if message.status == "accepted":
            self.calls(message, at)
        return message

    def calls(self, message: Message, at: datetime, state: str = "accepted", **changes: Any) -> Attempt:
        """One attempt of a message: a second in flight, by both clocks."""
        number = message.attempts.count() + 1
        is_open = state in ("calling", "unknown")
        Message.objects.filter(pk=message.pk).update(attempts_made=number)
        fields = {
            "epoch": message.epoch,
            "started_at": at,
            "deadline_at": at + seconds(CALL_WINDOW_SECONDS),
            "settled_at": None if is_open else at + seconds(1),
            "settle_at": at + seconds(10) if state == "unknown" else None,
            "provider_id": message.provider_id if state == "accepted" else "",
        }
        return Attempt.objects.create(
            **self.of_lead, message=message, state=state, **{"number": number, **fields, **changes}
        )

    def _message(self, at: datetime, body: str, **fields: Any) -> Message:
        self.cast.conversation.seq += 1
        self.cast.conversation.save(update_fields=["seq"])
        seq = self.cast.conversation.seq
        if fields["direction"] == "out":
            fields.setdefault("intent_key", f"test:{seq}")
        sent = fields["status"] in ("received", "accepted", "sent", "delivered", "read")
        fields = {"provider_id": f"SM{seq}" if sent else "", "position": seq, "seq": seq, **fields}
        return Message.objects.create(
            **self.of_lead,
            conversation=self.cast.conversation,
            channel=self.cast.channel,
            body=body,
            at=at,
            **fields,
        )

    # -- what the agents did -------------------------------------------------------------------------------------

    def decides(self, word: Message, at: datetime = NOON, state: str = "done", **changes: Any) -> Turn:
        ended = state in ("done", "parked")
        fields = {
            "opened_at": at,
            "due_at": at,
            "finished_at": at if ended else None,
            "claimed_until": at + timedelta(days=9999) if state == "taken" else None,
        }
        conversation = self.cast.conversation
        return Turn.objects.create(
            **self.of_lead, conversation=conversation, newest=word, state=state, **{**fields, **changes}
        )

    def tells(self, kind: str, at: datetime = NOON, **facts: Any) -> None:
        record_decision(lead=self.cast.davi, actor="test", kind=kind, reason="Because.", now=at, **facts)

    def reports(self, at: datetime = NOON, **changes: Any) -> AgentMessage:
        fields = {"kind": "state_sync", "sender": "coordinator", "recipient": "monitor", "received_at": at, **changes}
        return AgentMessage.objects.create(**self.of_lead, reason="Because.", at=at, **fields)

    def is_in_state(self, state: str, at: datetime = NOON) -> AgentState:
        return AgentState.objects.create(**self.of_lead, agent="primary", state=state, changed_at=at)

    def alerts(self, at: datetime = NOON) -> StaffAlert:
        return StaffAlert.objects.create(**self.of_lead, user=self.cast.bruno, key="k", subject="Help", created_at=at)

    # -- handovers -----------------------------------------------------------------------------------------------

    def asks_for_person(
        self, at: datetime = TEN_TO_ONE, state: str = "waiting", rungs: tuple[str, ...] = tuple(RUNGS)
    ) -> Handover:
        ended = None if state in ("waiting", "callback") else at + minutes(5)
        handover = Handover.objects.create(
            **self.of_lead,
            conversation=self.cast.conversation,
            state=state,
            trigger="explicit_request",
            reason="Because.",
            request="A person, please.",
            requested_at=at,
            ended_at=ended,
            ladder_ended_at=ended,
        )
        for rung in rungs:
            self._step(handover, rung)
        steps = dict.fromkeys(RUNGS, "then")
        self.tells("handover.requested", at, handover=handover.pk, steps=steps)
        return handover

    def _step(self, handover: Handover, rung: str) -> LadderStep:
        done = {"state": "not_needed", "done_at": handover.ended_at} if handover.ended_at else {}
        due_at = handover.requested_at + minutes(RUNGS[rung])
        return LadderStep.objects.create(**self.of_workspace, handover=handover, rung=rung, due_at=due_at, **done)

    # -- the inbox, and consent ----------------------------------------------------------------------------------

    def arrives(self, key: str, at: datetime = NOON, state: str = "applied", **changes: Any) -> WebhookEvent:
        fields = {
            "source": "whatsapp_twilio",
            "source_id": self.cast.channel.pk,
            "kind": "status",
            "key": key,
            "received_at": at,
            "due_at": at,
            "body": b"",
            **changes,
        }
        EventKey.objects.get_or_create(
            source=fields["source"], source_id=fields["source_id"], key=key, defaults={"received_at": at}
        )
        return WebhookEvent.objects.create(workspace_id=self.cast.acme.pk, state=state, **fields)

    def allows(self, state: str, purpose: str = "marketing", at: datetime = NOON - timedelta(days=9)) -> Consent:
        return Consent.objects.create(
            **self.of_lead, channel_kind="whatsapp_twilio", purpose=purpose, state=state, source="test", at=at
        )

    # -- what the database itself forbids ------------------------------------------------------------------------

    def without(self, table: str, constraint: str) -> None:
        """Take a guard away, until the test's transaction is rolled back."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM pg_constraint WHERE conname = %s", [constraint])
            is_constraint = cursor.fetchone() is not None
            statement = f"ALTER TABLE {table} DROP CONSTRAINT" if is_constraint else "DROP INDEX"
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"{statement} {constraint}")


@contextmanager
def written_history() -> Iterator[History]:
    cast = gather_cast()
    with workspace_scope(cast.acme):
        yield History(cast)
