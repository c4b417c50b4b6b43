"""Playing the company's past through the real services, each line with its own `now`.

Only the provider is left out: what the services queued is marked as sent and read. Everything happens in the
caller's one transaction, so that no worker sees a word of it before it is past.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import yaml
from django.db.models import F

from agents.bus import deliver_one_due_agent_message
from agents.coordinator import grant_floor, resolve_conversation, send_as_person
from agents.models import StaffAlert
from agents.models.framework import Agent
from crm.models import Identity, Lead, User, Workspace
from crm.models.consent import ConsentState, Purpose
from crm.models.people import IdentityKind
from crm.services.consent import record_consent
from handover.models import Booking, LadderStep
from handover.models.handovers import StepState
from handover.services.bookings import record_booking
from handover.services.handovers import request_handover
from handover.services.ladder import DueStep, climb
from messaging import floor
from messaging.floor import Grant
from messaging.models import Channel, Conversation, Message
from messaging.models.messages import Direction, MessageStatus, Voice
from messaging.services.conversations import mark_seen
from messaging.services.outbound import queue_message
from messaging.services.receiving import receive_message

STORIES: Final[list[dict[str, Any]]] = yaml.safe_load((Path(__file__).parent / "stories.yaml").read_text())

THINKING: Final = timedelta(seconds=4)


def play_stories(*, workspace: Workspace, chat: Channel, whatsapp: Channel, now: datetime) -> None:
    """The scope of the workspace is open."""
    bruno = User.objects.get(memberships__workspace=workspace, memberships__role="sales")
    for told in STORIES:
        channel = chat if "visitor" in told["lead"] else whatsapp
        Story(told["lead"], channel, bruno).play(told["lines"], now)
    StaffAlert.objects.update(due_at=None, sent_at=now)  # nobody is mailed about the past


class Story:
    """One customer's past, told line by line."""

    def __init__(self, who: dict[str, Any], channel: Channel, bruno: User) -> None:
        self.who, self.channel, self.bruno = who, channel, bruno
        self.tell: dict[str, Callable[[Any, datetime], None]] = {
            "customer": self._customer,
            "ai": self._agent,
            "human": self._person,
            "marketing": self._marketing,
            "handover": self._handover,
            "booked": self._booked,
            "resolved": self._resolved,
        }

    def play(self, lines: list[list[Any]], now: datetime) -> None:
        for minutes, what, words in lines:
            at = now - timedelta(minutes=minutes) + (THINKING if what == "ai" else timedelta(0))
            self._climb_until(at)
            self.tell[what](words, at)
            self._let_past(at)
        self._climb_until(now)

    @property
    def conversation(self) -> Conversation:
        return Conversation.objects.select_related("lead", "channel", "workspace").get(lead=self._lead())

    def _lead(self) -> Lead:
        return Identity.objects.select_related("lead").get(value=self._name[1]).lead

    @property
    def _name(self) -> tuple[IdentityKind, str]:
        if "visitor" in self.who:
            return IdentityKind.VISITOR, self.who["visitor"]
        return IdentityKind.PHONE, self.who["phone"]

    def _customer(self, words: str, at: datetime) -> None:
        kind, value = self._name
        receive_message(
            channel=self.channel,
            identities=[(kind, value)],
            address=f"whatsapp:{value}" if kind == IdentityKind.PHONE else value,
            provider_id=f"{value}:{at.isoformat()}",
            body=words,
            at=at,
            now=at,
            profile_name=self.who.get("name", ""),
        )
        self._introduce(at)

    def _introduce(self, at: datetime) -> None:
        """What the company knows of them, from their first word on."""
        lead = self._lead()
        Lead.objects.filter(pk=lead.pk).update(
            company=self.who.get("company", ""), is_vip=self.who.get("is_vip", False)
        )
        if self.who.get("marketing_consent") and not lead.consents.exists():
            record_consent(
                lead=lead,
                channel_kind=self.channel.kind,
                purposes=(Purpose.MARKETING,),
                state=ConsentState.GRANTED,
                source="form",
                proof="sign-up form on the website",
                now=at,
            )

    def _agent(self, words: str, at: datetime) -> None:
        conversation = self.conversation
        grant = grant_floor(conversation=conversation, agent=Agent.PRIMARY, reason="to answer the customer", now=at)
        assert isinstance(grant, Grant), grant
        self._queue(conversation, Voice.AI, words, grant, at, answers=_newest_inbound(conversation))

    def _marketing(self, words: str, at: datetime) -> None:
        conversation = self.conversation
        grant = floor.acquire(workspace_id=conversation.workspace_id, lead_id=conversation.lead_id, holder="marketing")
        assert isinstance(grant, Grant), grant
        self._queue(conversation, Voice.MARKETING, words, grant, at, purpose=Purpose.MARKETING)

    def _queue(
        self, conversation: Conversation, voice: Voice, words: str, grant: Grant, at: datetime, **more: Any
    ) -> None:
        key = f"demo:{conversation.pk}:{at.isoformat()}"
        queue_message(conversation=conversation, voice=voice, body=words, intent_key=key, grant=grant, now=at, **more)

    def _person(self, words: str, at: datetime) -> None:
        send_as_person(conversation=self.conversation, user=self.bruno, body=words, now=at)
        mark_seen(conversation=self.conversation, now=at)

    def _handover(self, facts: dict[str, str], at: datetime) -> None:
        conversation = self.conversation
        asked = _newest_inbound(conversation)
        request_handover(
            conversation=conversation,
            trigger=facts["trigger"],
            reason=facts["reason"],
            request=asked.body if asked else "",
            urgency=facts.get("urgency", "normal"),
            requested_by=asked,
            now=at,
        )

    def _booked(self, facts: dict[str, float], at: datetime) -> None:
        offered = Booking.objects.get(lead=self._lead())
        starts_at = (at + timedelta(hours=facts["in_hours"])).replace(minute=0, second=0, microsecond=0)
        record_booking(token=offered.token, starts_at=starts_at, now=at)

    def _resolved(self, facts: dict[str, Any], at: datetime) -> None:
        mark_seen(conversation=self.conversation, now=at)
        resolve_conversation(conversation=self.conversation, user=self.bruno, now=at)

    def _climb_until(self, at: datetime) -> None:
        for step in self._due_steps(at):
            climb(DueStep.of(step), step.due_at)
            self._let_past(step.due_at)

    def _due_steps(self, at: datetime) -> Iterator[LadderStep]:
        due = LadderStep.objects.filter(
            handover__lead__identities__value=self._name[1], state=StepState.PENDING, due_at__lte=at
        )
        while step := due.select_related("handover", "workspace").order_by("due_at").first():
            yield step

    def _let_past(self, at: datetime) -> None:
        """What was queued has been sent and read, the agents have heard the news, the floor is free."""
        while deliver_one_due_agent_message(at):
            pass
        lead = self._lead()
        waiting = Message.objects.filter(lead=lead, status=MessageStatus.QUEUED)
        agreed = lead.consents.filter(purpose=Purpose.MARKETING, state=ConsentState.GRANTED).order_by("-at").first()
        waiting.filter(purpose=Purpose.MARKETING).update(consent=agreed)
        waiting.update(status=MessageStatus.READ, due_at=None, sent_at=F("at"), delivered_at=F("at"), read_at=F("at"))
        Conversation.objects.filter(lead=lead).update(unanswered_since=None, turn_due_at=None)
        held = floor.current_floor(lead.pk)
        if held and held.holder not in ("", "human"):
            floor.clear(lead_id=lead.pk)


def _newest_inbound(conversation: Conversation) -> Message | None:
    return conversation.messages.filter(direction=Direction.IN).order_by("-position").first()
