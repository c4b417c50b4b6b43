"""The ladder under any order of events: two climbers step by step, customers, people, bookings, and time."""

import sys
from datetime import date, time, timedelta
from typing import ClassVar

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from agents import bus, coordinator
from analytics.audit.ladders import LADDERS
from analytics.audit.outbox import OUTBOX
from analytics.audit.voices import VOICES
from crm.models import Lead, Workspace
from crm.models.people import IdentityKind
from handover.models import Booking, Handover, Holiday, LadderStep, OpeningHours
from handover.models.handovers import OPEN_STATES
from handover.services import ladder
from handover.services.bookings import record_booking
from handover.services.handovers import NotOpen, claim_handover, open_handover, request_handover
from handover.services.policies import set_minutes
from messaging.models import Conversation
from messaging.services import dispatch
from messaging.services.receiving import receive_message
from project.kernel.due import drain

from .ladder_model import RUNGS, Expected, Fact, Request, Step, plan
from .stage import Stage

PHONES = {"Davi": "+5511987654321", "Dora": "+5511912345678"}
MINUTES = ((15, 30, 45, 60), (0.1, 0.2, 0.3, 0.4), (1, 2, 3, 2000))
OPENS, CLOSES = time(8), time(18)
CLOSED_MONDAY = date(2026, 11, 23)

names = st.sampled_from(sorted(PHONES))
either = st.sampled_from([0, 1])


class LadderMachine(RuleBasedStateMachine):
    stage: ClassVar[Stage]

    @initialize(
        minutes=st.sampled_from(MINUTES),
        has_hours=st.booleans(),
        vip=names,
        hour=st.sampled_from([0, 0, 8, 68]),
        auto_return=st.sampled_from([None, 20]),
    )
    def begin(
        self, minutes: tuple[float, ...], has_hours: bool, vip: str, hour: int, auto_return: float | None
    ) -> None:
        """On a Friday at noon (nine in São Paulo), in the evening, or on the Monday that is a holiday."""
        self.stage.clear()
        self.clock = self.stage.clock
        self.clock.advance(hour * 3600)
        self.moved_at = self.clock.now
        self.climbs_at = [self.clock.now, self.clock.now]
        self.minutes, self.vip, self.has_hours = dict(zip(RUNGS, minutes, strict=True)), vip, has_hours
        self.expected = Expected()
        self.numbers = 0
        self.conversations = {name: self.stage.meet(phone, name) for name, phone in PHONES.items()}
        Lead.objects.filter(conversation=self.conversations[vip]).update(is_vip=True)
        Workspace.objects.filter(pk=self.stage.workspace.pk).update(auto_return_minutes=auto_return)
        set_minutes(workspace=self.stage.workspace, minutes=minutes, now=self.clock.now)
        if has_hours:
            self.set_hours()

    def set_hours(self) -> None:
        acme = self.stage.workspace
        for weekday in range(5):
            OpeningHours.objects.create(workspace=acme, weekday=weekday, opens=OPENS, closes=CLOSES)
        Holiday.objects.create(workspace=acme, date=CLOSED_MONDAY, name="A Monday")

    # -- the customer --------------------------------------------------------------------------------------------

    @rule(name=names, urgency=st.sampled_from(["normal", "urgent"]), ago=st.sampled_from([0, 0, 30, 1200]))
    def customer_asks_for_person(self, name: str, urgency: str, ago: int) -> None:
        """`ago` is how many seconds the news of it was on its way; a closed conversation is opened by their words."""
        conversation = self.fresh(name)
        if conversation.status == "resolved":
            self.customer_writes(name)
            ago = 0
        requested_at = self.clock.now - timedelta(seconds=ago)
        open_before = open_handover(conversation)
        handover = request_handover(
            conversation=conversation,
            trigger="explicit_request",
            reason="The customer asked for a person.",
            request="A person, please",
            urgency=urgency,
            requested_by=None,
            now=self.clock.now,
            requested_at=requested_at,
        )
        if open_before is not None and open_before.state == "waiting":
            assert handover.pk == open_before.pk, "two ladders at once"
            return
        self.notes(conversation, "renewed")
        pace = (0.5 if urgency == "urgent" else 1) * (0.5 if name == self.vip else 1)
        planned = plan(requested_at, self.minutes, pace=pace, is_open=self.is_open())
        self.expected.requests[handover.pk] = Request(conversation.lead_id, planned, requested_at)
        made = dict(LadderStep.objects.filter(handover=handover).values_list("rung", "due_at"))
        assert made == planned

    @rule(name=names)
    def customer_writes(self, name: str) -> None:
        receive_message(
            channel=self.stage.channel,
            identities=[(IdentityKind.PHONE, PHONES[name])],
            address=f"whatsapp:{PHONES[name]}",
            provider_id=f"IN{self.next_number()}",
            body="Hello?",
            at=self.clock.now,
            now=self.clock.now,
        )

    @rule(name=names)
    def customer_books(self, name: str) -> None:
        conversation = self.conversations[name]
        offered = Booking.objects.filter(lead_id=conversation.lead_id, state="offered").order_by("id").last()
        if offered is not None:
            self.notes(conversation, "booked")
            record_booking(token=offered.token, starts_at=self.clock.now + timedelta(days=1), now=self.clock.now)

    # -- people --------------------------------------------------------------------------------------------------

    @rule(name=names, number=either)
    def person_claims(self, name: str, number: int) -> None:
        """Which stops nothing."""
        handover = Handover.objects.filter(conversation=self.conversations[name]).order_by("id").last()
        if handover is None:
            return
        try:
            claim_handover(handover=handover, user=self.stage.people[number], now=self.clock.now)
        except NotOpen:
            assert handover.state not in OPEN_STATES

    @rule(name=names, number=either, does=st.sampled_from(["answers", "takes over", "returns it", "resolves it"]))
    def person_acts(self, name: str, number: int, does: str) -> None:
        conversation, user, now = self.fresh(name), self.stage.people[number], self.clock.now
        if does == "answers":
            self.notes(conversation, "answered")
            coordinator.send_as_person(
                conversation=conversation, user=user, body="I am here", now=now, key=self.next_number()
            )
        elif does == "takes over":
            coordinator.take_over(conversation=conversation, user=user, now=now)
        elif does == "returns it":
            self.notes(conversation, "returned")
            coordinator.return_to_ai(conversation=conversation, user=user, reason="a test", now=now)
        else:
            self.notes(conversation, "resolved")
            coordinator.resolve_conversation(conversation=conversation, user=user, now=now)

    def notes(self, conversation: Conversation, state: str) -> None:
        self.expected.facts.append(Fact(conversation.lead_id, state, self.clock.now))

    # -- workers -------------------------------------------------------------------------------------------------

    @rule()
    def others_work(self) -> None:
        """News reaches the monitor, words leave, and a hold ends by its silence."""
        bus.deliver_one_due_agent_message(self.clock.now)
        self.everything_is_as_it_may_be()
        drain(dispatch.send_one_due_message, clock=lambda: self.clock.now)
        coordinator.return_one_due_floor(self.clock.now)

    @rule()
    def first_climber_moves(self) -> None:
        self.moves(0)

    @rule()
    def second_climber_moves(self) -> None:
        self.moves(1)

    @rule(number=either)
    def a_climber_moves(self, number: int) -> None:
        """Once more: without it much would be asked for and little climbed."""
        self.moves(number)

    def moves(self, number: int) -> None:
        """To its next stop: it looks for a step, or goes on with the time that it read when it looked."""
        climber = self.stage.processes[number]
        if climber.is_idle:
            now = self.climbs_at[number] = self.moved_at = self.clock.now
            climber.begin(lambda: ladder.climb_one_due_step(now))
        else:
            self.moved_at = self.climbs_at[number]
            climber.go_on()

    @rule(number=either)
    def climber_dies(self, number: int) -> None:
        self.stage.processes[number].kill()

    @rule(seconds=st.sampled_from([6, 6, 6, 16, 61, 450, 900, 900, 3600, 90_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.moved_at = self.clock.now

    # -- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_it_may_be(self) -> None:
        states = dict(Handover.objects.values_list("id", "state"))
        self.expected.follow(_steps(), states, _silencers(), self.moved_at)
        self.moved_at = self.clock.now

    # -- the end -------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Unless it failed: whoever stands still is dead, everybody else goes on, and time passes."""
        self.stage.stop_processes()
        if sys.exc_info()[0] is None:
            self.recover()
            broken = self.stage.audited(LADDERS, OUTBOX, VOICES)
            assert not broken, broken

    def recover(self) -> None:
        for _ in range(200):
            self.work()
            due_at = LadderStep.objects.filter(state="pending").order_by("due_at").values_list("due_at", flat=True)
            if not due_at:
                return
            self.clock.set(max(due_at[0], self.clock.now + timedelta(seconds=1)))
        raise AssertionError(f"these never end: {[step for step in _steps() if step.state == 'pending']}")

    def work(self) -> None:
        for sweep in (
            bus.deliver_one_due_agent_message,
            dispatch.send_one_due_message,
            coordinator.return_one_due_floor,
            ladder.climb_one_due_step,
            dispatch.send_one_due_message,
        ):
            while sweep(self.clock.now):
                self.moved_at = self.clock.now
                self.everything_is_as_it_may_be()

    # -- small things --------------------------------------------------------------------------------------------

    def is_open(self) -> bool:
        if not self.has_hours:
            return True
        local = self.clock.now.astimezone(self.stage.workspace.zone)
        return local.weekday() < 5 and OPENS <= local.time() < CLOSES and local.date() != CLOSED_MONDAY

    def fresh(self, name: str) -> Conversation:
        return Conversation.objects.select_related("lead", "workspace").get(pk=self.conversations[name].pk)

    def next_number(self) -> str:
        self.numbers += 1
        return str(self.numbers)


def _steps() -> list[Step]:
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT id, handover_id, rung, due_at, state, verdict, done_at, message_id::text
              FROM handover_ladderstep ORDER BY id
        """)
        return [Step(*row) for row in cursor.fetchall()]


def _silencers() -> dict[int, str]:
    """By handover: a person's words since the request that were not withheld, or a conversation that is closed."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT handover.id,
                   CASE WHEN conversation.status = 'resolved' THEN 'it is resolved' ELSE 'a person answered' END
              FROM handover_handover AS handover
              JOIN messaging_conversation AS conversation ON conversation.id = handover.conversation_id
             WHERE conversation.status = 'resolved'
                OR EXISTS (SELECT 1 FROM messaging_message AS word
                            WHERE word.conversation_id = conversation.id AND word.voice = 'human'
                              AND word.at >= handover.requested_at AND word.status NOT IN ('suppressed', 'failed'))
        """)
        return dict(cursor.fetchall())
