"""A small world: Acme with the Twilio double behind its channel, and a clock that the test moves.

The workers are the sweepers themselves, called until nothing is due: what happens here is what happens when Celery
wakes them, at times that the test decides.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import F

from agents import alerts, bus, coordinator, corrections, lost_words
from agents.knowledge import sources
from agents.primary import turns
from agents.qualification import extraction, scoring
from crm.models import TrailEntry
from handover.models import Handover, LadderStep
from handover.services import ladder
from messaging.models import Attempt, Channel, Conversation, Message
from messaging.services import dispatch, fetching, media, merging, reconcile, senders
from messaging.services.channels import create_channel
from messaging.services.inbox import apply_one_due_event, store_event
from project.kernel.due import drain
from project.kernel.scope import across_workspaces, workspace_scope
from tests.cast import DAVIS_PHONE, NOON, found, join
from tests.doubles.twilio import ACCOUNT_SID, AUTH_TOKEN, CallbackPlan, TwilioDouble, inbound_form

SENDER = "whatsapp:+14155238886"

SWEEPERS: tuple[Callable[[datetime], bool], ...] = (
    apply_one_due_event,
    fetching.fetch_one_due_mailbox,
    turns.take_one_due_turn,
    extraction.extract_one_due,
    scoring.rescore_one_due_batch,
    bus.deliver_one_due_agent_message,
    ladder.climb_one_due_step,
    coordinator.return_one_due_floor,
    senders.resume_one_due_sender,
    media.fetch_one_due_attachment,
    dispatch.send_one_due_message,
    reconcile.doubt_one_overdue_attempt,
    reconcile.settle_one_unknown_attempt,
    merging.merge_one_due_proposal,
    alerts.tell_one_trouble,
    lost_words.alert_of_one_lost_message,
    alerts.mail_one_due_alert,
    corrections.train_one_due_layer,
    sources.read_one_due_source,
)


class World:
    def __init__(self, twilio: TwilioDouble, now: datetime = NOON) -> None:
        self.twilio = twilio
        self.now = self._aged_at = now
        self.acme = found("acme", "ana@acme.test", now)
        self.bruno = join(self.acme, "bruno@acme.test", "sales", "Bruno")
        self.acme.debounce_seconds = 0
        self.acme.save(update_fields=["debounce_seconds"])
        self.channel = self._connect()
        self._sids = 0

    def _connect(self) -> Channel:
        values = {"account_sid": ACCOUNT_SID, "auth_token": AUTH_TOKEN, "sender": SENDER, "api_base": self.twilio.url}
        with workspace_scope(self.acme):
            return create_channel(
                workspace=self.acme, kind="whatsapp_twilio", name="Sales", values=values, now=self.now
            )

    # -- what people do ------------------------------------------------------------------------------------------

    def davi_says(self, text: str, *, sid: str = "", phone: str = DAVIS_PHONE, **changes: Any) -> None:
        """Davi writes on WhatsApp, and everything that follows at this moment happens."""
        self.davi_writes(text, sid=sid, phone=phone, **changes)
        self.settle()

    def davi_writes(self, text: str, *, sid: str = "", phone: str = DAVIS_PHONE, **changes: Any) -> str:
        """The webhook alone."""
        self._sids += 1
        sid = sid or f"SM{self._sids:032x}"
        form = inbound_form(
            body=text, sender=f"whatsapp:{phone}", to=SENDER, message_sid=sid, account_sid=ACCOUNT_SID, **changes
        )
        store_event(
            workspace_id=self.acme.pk,
            source="whatsapp_twilio",
            source_id=self.channel.pk,
            kind="inbound",
            key=sid,
            order_key=f"whatsapp:{phone}",
            body=urlencode(form).encode(),
            now=self.now,
        )
        return sid

    def twilio_reports(self, sid: str, status: str, *, mid: str = "", **changes: str) -> None:
        form = {"MessageSid": sid, "MessageStatus": status, "SmsStatus": status, **changes}
        store_event(
            workspace_id=self.acme.pk,
            source="whatsapp_twilio",
            source_id=self.channel.pk,
            kind="status",
            key=f"{sid}:{status}",
            order_key=sid,
            body=urlencode(form).encode(),
            query=f"mid={mid}" if mid else "",
            now=self.now,
        )
        self.settle()

    def bruno_takes_over(self) -> None:
        with workspace_scope(self.acme):
            coordinator.take_over(conversation=self.conversation, user=self.bruno, now=self.now)

    def bruno_says(self, text: str) -> Message:
        with workspace_scope(self.acme):
            message = coordinator.send_as_person(
                conversation=self.conversation, user=self.bruno, body=text, now=self.now
            )
        self.settle()
        return message

    # -- time ----------------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Let the workers do all that is due at this moment."""
        self._let_leases_age()
        while sum(drain(sweeper, clock=lambda: self.now) for sweeper in SWEEPERS):
            pass

    def _let_leases_age(self) -> None:
        """Leases live in PostgreSQL's clock, which no test moves: what it has stamped grows older instead."""
        with across_workspaces():
            in_doubt = Attempt.objects.filter(state="unknown")
            in_doubt.update(deadline_at=F("deadline_at") - (self.now - self._aged_at))
        self._aged_at = self.now

    def wait(self, **span: float) -> None:
        """Time passes; the workers wake at its end."""
        self.now += timedelta(**span)
        self.settle()

    # -- what can be seen ----------------------------------------------------------------------------------------

    @property
    def conversation(self) -> Conversation:
        with workspace_scope(self.acme):
            return Conversation.objects.select_related("lead", "channel", "workspace").get(workspace=self.acme)

    @property
    def handover(self) -> Handover:
        with workspace_scope(self.acme):
            return Handover.objects.select_related("lead").order_by("id").last()  # type: ignore[return-value]

    def heard(self) -> list[str]:
        """What reached Davi's phone, in order."""
        return [message.body for message in self.twilio.messages()]

    def messages(self, **filters: Any) -> list[Message]:
        with workspace_scope(self.acme):
            return list(Message.objects.filter(workspace=self.acme, **filters).order_by("position"))

    def steps(self) -> dict[str, str]:
        with workspace_scope(self.acme):
            rungs = LadderStep.objects.filter(handover=self.handover).order_by("due_at")
            return dict(rungs.values_list("rung", "state"))

    def trail(self, *kinds: str) -> list[TrailEntry]:
        with workspace_scope(self.acme):
            entries = TrailEntry.objects.filter(workspace=self.acme).order_by("id")
            return [entry for entry in entries if not kinds or entry.kind in kinds]


@contextmanager
def small_world(now: datetime = NOON) -> Iterator[World]:
    """The double reports nothing by itself: the test says what Twilio reports, and when."""
    with TwilioDouble(plan=CallbackPlan.never()) as twilio:
        yield World(twilio, now)
