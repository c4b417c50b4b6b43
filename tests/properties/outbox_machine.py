"""The outbox under any order of events: two processes that send and settle, a provider, people, and time."""

import sys
from typing import ClassVar

from django.db import connection
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from agents.coordinator import grant_floor, return_to_ai, send_as_person, take_over
from agents.lost_words import alert_of_one_lost_message
from agents.models import StaffAlert
from agents.models.framework import Agent
from analytics.audit.consent import CONSENT
from analytics.audit.outbox import OUTBOX
from analytics.audit.statuses import STATUSES
from analytics.audit.voices import VOICES
from crm.models import TrailEntry
from crm.models.consent import ConsentState, Purpose
from crm.models.people import IdentityKind
from crm.services.consent import record_consent
from messaging import floor
from messaging.floor import Grant
from messaging.models import Channel, Conversation, Message
from messaging.services import dispatch, reconcile
from messaging.services.channels import resume_channel
from messaging.services.outbound import queue_message
from messaging.services.receiving import receive_message
from messaging.services.statuses import UnknownMessage, record_status
from project.kernel.due import drain

from .outbox_model import ENDS, HAS_LEFT, MARKETING, ON_ITS_WAY, Ear, Expected, Word
from .processes import Process
from .provider import CALLING, Entry, Outcome
from .stage import Stage

PHONES = {"Davi": "+5511987654321", "Dora": "+5511912345678"}
BODIES = ("Hello", "Still here")
"""Few, so that the provider's list shows equal words of several intents."""

SWEEPS = {
    "send": dispatch.send_one_due_message,
    "doubt": reconcile.doubt_one_overdue_attempt,
    "ask": reconcile.settle_one_unknown_attempt,
}
SPEAKERS = {Agent.PRIMARY: "ai", Agent.BRIDGE: "bridge", Agent.MONITOR: "system"}
FATES = ("delivered", "delivered", "63018", "63013", "63016")
"""What becomes of an accepted message: it is delivered, or fails with a code (63018 may be tried again)."""

CALL_SECONDS = dispatch.HTTP_SECONDS

leads = st.sampled_from(["Davi", "Davi", "Dora"])
either = st.sampled_from([0, 1])
sweeps = st.sampled_from(["send", "send", "send", "doubt", "ask"])
outcomes = st.sampled_from([Outcome.ACCEPTED, Outcome.ACCEPTED, *Outcome])
numbers = st.integers(0, 30)


class OutboxMachine(RuleBasedStateMachine):
    stage: ClassVar[Stage]

    @initialize()
    def begin_at_noon(self) -> None:
        self.stage.clear()
        self.clock, self.provider = self.stage.clock, self.stage.provider
        self.expected = Expected()
        self.grants: list[Grant] = []
        self.conversations = {name: self.stage.meet(phone, name) for name, phone in PHONES.items()}
        for name, conversation in self.conversations.items():
            self.expected.ears[conversation.lead_id] = Ear(f"whatsapp:{PHONES[name]}")
        self.seen_attempts = 0
        self.process_now = self.clock.now
        self.words = 0

    # -- words ---------------------------------------------------------------------------------------------------

    @rule(name=leads, agent=st.sampled_from(sorted(SPEAKERS)), body=st.sampled_from(BODIES))
    def agent_speaks(self, name: str, agent: Agent, body: str) -> None:
        conversation = self.conversations[name]
        answer = grant_floor(conversation=conversation, agent=Agent(agent), reason="a test", now=self.clock.now)
        if isinstance(answer, Grant):
            self.heard(answer)
            self.queue(conversation, answer, body)

    @rule(name=leads, body=st.sampled_from(BODIES))
    def marketing_speaks(self, name: str, body: str) -> None:
        conversation = self.conversations[name]
        answer = floor.acquire(workspace_id=conversation.workspace_id, lead_id=conversation.lead_id, holder=MARKETING)
        if isinstance(answer, Grant):
            self.allow_marketing(conversation)
            self.heard(answer)
            self.queue(conversation, answer, body)

    @precondition(lambda self: self.grants)
    @rule(number=numbers, body=st.sampled_from(BODIES))
    def agent_says_more(self, number: int, body: str) -> None:
        """Under any grant it ever had: it may have slept in between."""
        grant = self.grants[-1 - number % len(self.grants)]
        [conversation] = [each for each in self.conversations.values() if each.lead_id == grant.lead_id]
        self.queue(conversation, grant, body)

    def queue(self, conversation: Conversation, grant: Grant, body: str) -> None:
        is_marketing = grant.holder == MARKETING
        voices = {"primary": "ai", "bridge": "bridge", "system": "system", MARKETING: MARKETING}
        newest = conversation.messages.filter(direction="in").order_by("-at", "-position").first()
        message = queue_message(
            conversation=conversation,
            voice=voices[grant.holder],
            body=body,
            intent_key=f"test:{self.next_key()}",
            grant=grant,
            now=self.clock.now,
            purpose=Purpose.MARKETING if is_marketing else Purpose.SERVICE,
            answers=None if is_marketing else newest,
        )
        self.know(message)

    # -- people --------------------------------------------------------------------------------------------------

    @rule(name=leads, person=either, does=st.sampled_from(["writes", "takes over", "returns it"]))
    def person_acts(self, name: str, person: int, does: str) -> None:
        conversation, user = self.conversations[name], self.stage.people[person]
        ear = self.expected.ears[conversation.lead_id]
        if does == "writes":
            message = send_as_person(
                conversation=conversation, user=user, body=BODIES[0], now=self.clock.now, key=self.next_key()
            )
            ear.hears(message.epoch or 0, user.pk)
            self.know(message)
        elif does == "takes over":
            ear.hears(take_over(conversation=conversation, user=user, now=self.clock.now).epoch, user.pk)
        else:
            return_to_ai(conversation=conversation, user=user, reason="a test", now=self.clock.now)
            ear.person = None

    @rule(name=leads, opts_out=st.sampled_from([False, False, True]))
    def customer_acts(self, name: str, opts_out: bool) -> None:
        conversation = self.conversations[name]
        ear = self.expected.ears[conversation.lead_id]
        if opts_out:
            self.consent(conversation, ConsentState.WITHDRAWN, Purpose.SERVICE, Purpose.MARKETING)
            ear.opted_out_at = self.clock.now
        else:
            self.receive_words_of(name)
            ear.writes(self.clock.now)

    def receive_words_of(self, name: str) -> None:
        receive_message(
            channel=self.stage.channel,
            identities=[(IdentityKind.PHONE, PHONES[name])],
            address=f"whatsapp:{PHONES[name]}",
            provider_id=f"IN{self.next_key()}",
            body="And?",
            at=self.clock.now,
            now=self.clock.now,
        )

    def allow_marketing(self, conversation: Conversation) -> None:
        if self.expected.ears[conversation.lead_id].opted_out_at is None:
            self.consent(conversation, ConsentState.GRANTED, Purpose.MARKETING)

    def consent(self, conversation: Conversation, state: ConsentState, *purposes: Purpose) -> None:
        record_consent(
            lead=conversation.lead,
            channel_kind=self.stage.channel.kind,
            purposes=purposes,
            state=state,
            source="keyword",
            proof="a test",
            now=self.clock.now,
        )

    # -- processes -----------------------------------------------------------------------------------------------

    @rule(sweep=sweeps, outcome=outcomes)
    def first_process_moves(self, sweep: str, outcome: Outcome) -> None:
        self.moves(self.stage.processes[0], sweep, outcome)

    @rule(sweep=sweeps, outcome=outcomes)
    def second_process_moves(self, sweep: str, outcome: Outcome) -> None:
        self.moves(self.stage.processes[1], sweep, outcome)

    @rule(number=either, sweep=sweeps, outcome=outcomes)
    def a_process_moves(self, number: int, sweep: str, outcome: Outcome) -> None:
        """Once more: without it much would be said and little sent."""
        self.moves(self.stage.processes[number], sweep, outcome)

    def moves(self, process: Process, sweep: str, outcome: Outcome) -> None:
        """To its next stop: it looks for work, or goes on, with what the provider does if it stands before it."""
        if process.is_idle:
            now = self.process_now = self.clock.now
            process.begin(lambda: SWEEPS[sweep](now))
            return
        if process.stopped_at == CALLING:
            self.one_call_at_a_time()
        process.go_on(outcome)

    @rule(number=either, arrives=st.booleans())
    def process_dies(self, number: int, arrives: bool) -> None:
        """In the middle of a call, the request may have left."""
        self.end(self.stage.processes[number], arrives)

    def end(self, process: Process, arrives: bool) -> None:
        if process.stopped_at == CALLING and arrives:
            self.one_call_at_a_time()
            [call] = [call for call in self.provider.calls if call.process is process]
            self.provider.accept(call.outgoing)
        process.kill()

    def one_call_at_a_time(self) -> None:
        under_way = [call.outgoing.to for call in self.provider.calls]
        assert len(under_way) == len(set(under_way)), "two calls for one lead at the same time"

    # -- the provider --------------------------------------------------------------------------------------------

    @precondition(lambda self: self.provider.book)
    @rule(
        number=numbers,
        fate=st.sampled_from(FATES),
        status=st.sampled_from(["sent", "end", "end", "read"]),
        names_us=st.sampled_from([True, True, False]),
    )
    def provider_calls_back(self, number: int, fate: str, status: str, names_us: bool) -> None:
        """About any message it has, in any order, as often as it likes, but one story for each message."""
        entry = self.provider.book[-1 - number % len(self.provider.book)]
        if not entry.fate:
            entry.fate = fate
        told = self.told(entry, status)
        try:
            record_status(
                channel=Channel.objects.get(pk=self.stage.channel.pk),
                provider_id=entry.provider_id,
                message_id=entry.message_id if names_us else None,
                status=told,
                now=self.clock.now,
                error_code=entry.fate if told == "failed" else "",
            )
        except UnknownMessage:
            assert not names_us, "it names a message of ours"

    def told(self, entry: Entry, status: str) -> str:
        if status == "sent":
            return "sent"
        if entry.fate == "delivered":
            return "delivered" if status == "end" else "read"
        self.expected.failed_at_provider[entry.message_id] += 1
        return "failed"

    @rule(is_away=st.booleans())
    def provider_can_be_asked_or_not(self, is_away: bool) -> None:
        """And whoever looks after it lets a paused sender send again."""
        self.provider.is_away = is_away
        self.operator_resumes_sender()

    def operator_resumes_sender(self) -> None:
        resume_channel(
            channel=Channel.objects.get(pk=self.stage.channel.pk), user=self.stage.people[0], now=self.clock.now
        )
        self.expected.is_paused = False

    # -- time ----------------------------------------------------------------------------------------------------

    @rule(seconds=st.sampled_from([1, 6, 16, 31, 31, 61, 61, 700, 90_000]))
    def time_passes(self, seconds: int) -> None:
        """A call that would last longer than a transport lets it ends first: nobody hears an answer."""
        for call in list(self.provider.calls):
            if (self.clock.now - call.begun_at).total_seconds() + seconds > CALL_SECONDS and call.process:
                call.process.go_on(Outcome.REQUEST_LOST)
        self.clock.advance(seconds)

    # -- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def everything_is_as_it_may_be(self) -> None:
        """No two events happen at the same moment: rows that are due at once would be taken in any order."""
        self.clock.advance(0.001)
        self.follow_attempts()
        self.follow_statuses()
        self.expected.is_paused = Channel.objects.filter(pk=self.stage.channel.pk, paused_at__isnull=False).exists()

    def follow_attempts(self) -> None:
        """Each attempt that appeared since the last look must have been allowed to begin."""
        for attempt_id, message_id, epoch in _attempts_since(self.seen_attempts):
            self.seen_attempts = attempt_id
            word = self.expected.words[message_id]
            assert epoch == word.epoch
            objection = self.expected.objection(word, self.process_now)
            assert not objection, f"an attempt began although {objection}"

    def follow_statuses(self) -> None:
        for message_id, status, opted_out in _statuses():
            before = self.expected.moves(message_id, status)
            if status in HAS_LEFT and before != status:
                assert any(entry.message_id == message_id for entry in self.provider.book), f"{status}, nobody has it"
            if opted_out:
                word = self.expected.words[message_id]
                ear = self.expected.ears[word.lead_id]
                ear.opted_out_at = ear.opted_out_at or self.clock.now
        for entry in self.provider.book:
            times = sum(each.message_id == entry.message_id for each in self.provider.book)
            assert self.expected.may_be_accepted_again(entry.message_id, times), "the provider has it twice"

    # -- the end -------------------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """Unless it failed: whoever lives goes on, time passes, and everything must come to an end."""
        if sys.exc_info()[0] is not None:
            self.stage.stop_processes()
            return
        for process in self.stage.processes:
            self.end(process, arrives=True)
        self.everything_is_as_it_may_be()
        self.recover()
        self.judge()

    def recover(self) -> None:
        self.operator_resumes_sender()
        for _ in range(60):
            for sweep in SWEEPS:
                while self.works_once(sweep):
                    pass
            if not Message.objects.filter(status__in=ON_ITS_WAY).exists():
                return
            self.clock.advance(31)
        raise AssertionError(f"these never end: {[row[:2] for row in _statuses() if row[1] in ON_ITS_WAY]}")

    def works_once(self, sweep: str) -> bool:
        """Step by step as before, with a provider that accepts whatever comes."""
        process = self.stage.processes[0]
        self.moves(process, sweep, Outcome.ACCEPTED)
        self.everything_is_as_it_may_be()
        while not process.is_idle:
            self.moves(process, sweep, Outcome.ACCEPTED)
            self.everything_is_as_it_may_be()
        return bool(process.came_to)

    def judge(self) -> None:
        drain(alert_of_one_lost_message, clock=lambda: self.clock.now)
        for message in Message.objects.filter(direction="out"):
            assert message.status in ENDS
            has_it = any(entry.message_id == str(message.pk) for entry in self.provider.book)
            failed = self.expected.failed_at_provider[str(message.pk)]
            if message.status in HAS_LEFT:
                assert has_it, "nobody has it"
            elif message.status == "suppressed":
                assert message.verdict["reason"], "withheld without a reason"
                assert not has_it or failed, "withheld, and the provider has it"
            else:
                self.is_told(message)
        broken = self.stage.audited(OUTBOX, VOICES, STATUSES, CONSENT)
        assert not broken, broken

    def is_told(self, message: Message) -> None:
        told = TrailEntry.objects.filter(kind="message.failed", facts__message=str(message.pk))
        assert told.exists(), f"{message.status}, and the trail does not say why"
        if message.purpose == Purpose.SERVICE and message.status == "in_doubt":
            alerts = StaffAlert.objects.filter(key__startswith=f"message:{message.pk}:in_doubt")
            assert alerts.exists(), "nobody was asked to decide"

    # -- small things --------------------------------------------------------------------------------------------

    def heard(self, grant: Grant) -> None:
        ear = self.expected.ears[grant.lead_id]
        assert grant.epoch > ear.epoch, "an epoch was granted twice"
        ear.hears(grant.epoch)
        self.grants.append(grant)

    def know(self, message: Message) -> None:
        word = Word(
            id=str(message.pk),
            lead_id=message.lead_id,
            voice=message.voice,
            epoch=message.epoch or 0,
            place=message.position,
            answers_at=message.answers.at if message.answers else None,
        )
        self.expected.words[word.id] = word
        self.expected.statuses[word.id] = message.status

    def next_key(self) -> str:
        self.words += 1
        return str(self.words)


def _attempts_since(attempt_id: int) -> list[tuple[int, str, int]]:
    return _rows("SELECT id, message_id::text, epoch FROM messaging_attempt WHERE id > %s ORDER BY id", [attempt_id])


def _statuses() -> list[tuple[str, str, bool]]:
    """Each outgoing message, and whether the provider said that its reader wants no more."""
    return _rows("""
        SELECT message.id::text, message.status,
               EXISTS (SELECT 1 FROM crm_consent AS consent WHERE consent.lead_id = message.lead_id
                          AND consent.source = 'provider' AND consent.state = 'withdrawn')
          FROM messaging_message AS message WHERE message.direction = 'out'
    """)


def _rows(statement: str, values: list[object] | None = None) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchall()
