"""The floor under any order of asking, speaking, taking over, giving back, and of leases that run out."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from messaging import floor
from messaging.floor import HOLDERS, LEASE_SECONDS, Busy, Grant
from messaging.models import Floor, Message
from tests.cast import NOON

from .stage import Stage

AGENTS = [holder for holder in HOLDERS if holder != "human"]
LEASE = timedelta(seconds=LEASE_SECONDS)
LOCK_DELAY = timedelta(seconds=2)

numbers = st.integers(0, 30)


@dataclass(slots=True)
class Expected:
    """What the floor should be. A person's hold has no end until it is taken back."""

    now: datetime = NOON
    holder: str = ""
    person: int | None = None
    epoch: int = 0
    ends_at: datetime | None = None

    def is_free_for(self, holder: str) -> bool:
        has_run_out = self.ends_at is not None and self.ends_at + LOCK_DELAY <= self.now
        return not self.holder or has_run_out or HOLDERS[self.holder] > HOLDERS[holder]

    def give(self, holder: str, person: int | None = None) -> None:
        self.holder, self.person = holder, person
        self.ends_at = None if person else self.now + LEASE

    def free(self) -> None:
        self.holder, self.person, self.ends_at = "", None, None


class FloorMachine(RuleBasedStateMachine):
    stage: ClassVar[Stage]

    @initialize()
    def meet(self) -> None:
        self.stage.clear()
        self.expected = Expected()
        self.grants: list[Grant] = []
        self.conversation = self.stage.meet("+5511987654321", "Davi")
        self.lead_id = self.conversation.lead_id
        self.words: dict[str, int] = {}

    def some_grant(self, number: int) -> Grant:
        return self.grants[-1 - number % len(self.grants)]

    # -- asking --------------------------------------------------------------------------------------------------

    @rule(holder=st.sampled_from(AGENTS))
    def acquire(self, holder: str) -> None:
        held_against = floor.is_held_against(lead_id=self.lead_id, holder=holder)
        answer = floor.acquire(workspace_id=self.stage.workspace.pk, lead_id=self.lead_id, holder=holder)
        if self.expected.is_free_for(holder):
            assert isinstance(answer, Grant)
            self.expected.epoch += 1
            self.expected.give(holder)
            self.grants.append(answer)
            assert not held_against
        else:
            assert isinstance(answer, Busy)
            assert (answer.holder, answer.user_id) == (self.expected.holder, self.expected.person)
            assert (answer.until, answer.epoch) == (self.expected.ends_at, self.expected.epoch)
            assert held_against == (self.expected.holder != "human")

    @rule(number=st.sampled_from([0, 1]))
    def take_over(self, number: int) -> None:
        person = self.stage.people[number].pk
        grant = floor.take_over(workspace_id=self.stage.workspace.pk, lead_id=self.lead_id, user_id=person)
        if (self.expected.holder, self.expected.person) != ("human", person):
            self.expected.epoch += 1
        self.expected.give("human", person)
        self.grants.append(grant)

    # -- giving up -----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.grants)
    @rule(number=numbers)
    def release(self, number: int) -> None:
        grant = self.some_grant(number)
        is_its_own = grant.epoch == self.expected.epoch
        assert floor.release(grant) == is_its_own
        if is_its_own:
            self.expected.free()

    @precondition(lambda self: self.grants)
    @rule(number=numbers)
    def renew(self, number: int) -> None:
        """Also after the lease has run out, as long as nobody else was granted the floor."""
        grant = self.some_grant(number)
        is_its_own = grant.epoch == self.expected.epoch and self.expected.holder not in ("", "human")
        assert floor.renew(grant) == is_its_own
        if is_its_own:
            self.expected.ends_at = self.expected.now + LEASE

    @precondition(lambda self: self.grants)
    @rule(number=numbers)
    def finish_speaking(self, number: int) -> None:
        """The floor is free once nothing of this grant is on its way, but for a person's open-ended hold."""
        epoch = self.some_grant(number).epoch
        may = epoch == self.expected.epoch and self.expected.ends_at is not None and not self.has_words()
        assert floor.release_when_spoken(lead_id=self.lead_id, epoch=epoch) == may
        if may:
            self.expected.free()

    @rule()
    def take_back(self) -> None:
        is_open_ended = self.expected.holder == "human" and self.expected.ends_at is None
        assert floor.take_back(lead_id=self.lead_id) == is_open_ended
        if is_open_ended:
            self.expected.ends_at = self.expected.now + LEASE
            if not self.has_words():
                self.expected.free()

    @rule()
    def clear(self) -> None:
        if floor.clear(lead_id=self.lead_id):
            self.expected.epoch += 1
            self.expected.free()

    # -- words and time ------------------------------------------------------------------------------------------

    @precondition(lambda self: self.grants)
    @rule(number=numbers, status=st.sampled_from(["queued", "sending", "unknown"]))
    def speak(self, number: int, status: str) -> None:
        word = Message.objects.create(
            workspace=self.stage.workspace,
            conversation=self.conversation,
            lead_id=self.lead_id,
            channel=self.stage.channel,
            direction="out",
            voice="ai",
            status=status,
            due_at=NOON,
            position=len(self.words),
            seq=0,
            intent_key=f"test:{len(self.words)}",
            epoch=self.some_grant(number).epoch,
        )
        self.words[str(word.pk)] = self.some_grant(number).epoch

    @precondition(lambda self: self.words)
    @rule(number=numbers, status=st.sampled_from(["accepted", "failed", "suppressed", "in_doubt"]))
    def word_is_out(self, number: int, status: str) -> None:
        word = sorted(self.words)[number % len(self.words)]
        Message.objects.filter(pk=word).update(status=status, due_at=None)
        self.words[word] = -1

    def has_words(self) -> bool:
        return self.expected.epoch in self.words.values()

    @rule(seconds=st.sampled_from([1, 2, 43, 46, 46, 3600]))
    def time_passes(self, seconds: float) -> None:
        self.stage.clock.advance(seconds)
        self.expected.now = self.stage.clock.now

    # -- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def the_row_is_as_expected(self) -> None:
        row = Floor.objects.filter(lead_id=self.lead_id).first() or Floor()
        found = Expected(self.expected.now, row.holder, row.user_id, row.epoch, row.expires_at)
        assert found == self.expected

    @invariant()
    def no_two_voices_share_an_epoch(self) -> None:
        voices = {(grant.epoch, grant.holder, grant.user_id) for grant in self.grants}
        assert len({epoch for epoch, _, _ in voices}) == len(voices)
