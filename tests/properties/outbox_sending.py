"""What becomes of words in the outbox's machine: two processes that send, doubt and ask, the provider, and time."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from messaging.models import Channel
from messaging.services import dispatch, reconcile
from messaging.services.channels import resume_channel
from messaging.services.statuses import UnknownMessage, record_status

from .outbox_followed import FollowedOutbox
from .processes import Process
from .provider import CALLING, Entry, Outcome

SWEEPS = {
    "send": dispatch.send_one_due_message,
    "doubt": reconcile.doubt_one_overdue_attempt,
    "ask": reconcile.settle_one_unknown_attempt,
}
FATES = ("delivered", "delivered", "63018", "63013", "63016")
"""What becomes of an accepted message: it is delivered, or fails with a code (63018 may be tried again)."""

CALL_SECONDS = dispatch.HTTP_SECONDS

either = st.sampled_from([0, 1])
sweeps = st.sampled_from(["send", "send", "send", "doubt", "ask"])
outcomes = st.sampled_from([Outcome.ACCEPTED, Outcome.ACCEPTED, *Outcome])
numbers = st.integers(0, 30)


class Sending(FollowedOutbox):
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

    @rule()
    def the_other_works_while_a_process_sleeps(self) -> None:
        """Long enough for a doubt, its answer and another sending: chance alone hardly ever lines these up."""
        for seconds, sweep in ((31, "doubt"), (61, "ask"), (1, "send")):
            self.pass_time(seconds)
            for process in self.stage.processes:
                while process.is_idle and self.works_once(process, sweep):
                    pass

    @rule(number=either, seconds=st.sampled_from([11, 16, 31, 61]))
    def an_answer_is_lost_and_the_work_goes_on(self, number: int, seconds: int) -> None:
        """Accepted and not heard of, asked about sooner or later, and what is due then is sent: lined up as well."""
        process = self.stage.processes[number]
        if not process.is_idle or not self.works_once(process, "send", Outcome.ANSWER_LOST):
            return
        for wait, sweep in ((3, "send"), (seconds, "ask"), (3, "send")):
            self.pass_time(wait)
            while process.is_idle and self.works_once(process, sweep):
                pass

    def works_once(self, process: Process, sweep: str, outcome: Outcome = Outcome.ACCEPTED) -> bool:
        """Step by step as before, with a provider that does the same with whatever comes."""
        self.moves(process, sweep, outcome)
        self.everything_is_as_it_may_be()
        while not process.is_idle:
            self.moves(process, sweep, outcome)
            self.everything_is_as_it_may_be()
        return bool(process.came_to)

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
        self.pass_time(seconds)

    def pass_time(self, seconds: int) -> None:
        """A call that would last longer than a transport lets it ends first: nobody hears an answer."""
        for call in list(self.provider.calls):
            if (self.clock.now - call.begun_at).total_seconds() + seconds > CALL_SECONDS and call.process:
                call.process.go_on(Outcome.REQUEST_LOST)
        self.clock.advance(seconds)
