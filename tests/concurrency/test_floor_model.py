"""The floor against a small model of it: any order of asking, speaking, taking over, giving back and expiring."""

from dataclasses import dataclass

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from crm.models import Lead, User, Workspace
from messaging import floor
from messaging.floor import HOLDERS, Busy, Grant
from messaging.models import Floor
from project.kernel.scope import across_workspaces

AGENTS = [holder for holder in HOLDERS if holder != "human"]
PEOPLE = ("ana@acme.test", "bruno@acme.test")


@dataclass
class Expected:
    """What the floor should be. `is_open_ended` is a person's hold; `is_expired` a lease that ran out long ago."""

    holder: str = ""
    person: int | None = None
    epoch: int = 0
    is_open_ended: bool = False
    is_expired: bool = False

    def is_free_for(self, holder: str) -> bool:
        return not self.holder or self.is_expired or HOLDERS[self.holder] > HOLDERS[holder]

    def give(self, holder: str, person: int | None = None) -> None:
        self.holder, self.person, self.is_open_ended, self.is_expired = holder, person, holder == "human", False

    def free(self) -> None:
        self.holder, self.person, self.is_open_ended, self.is_expired = "", None, False, False


class FloorMachine(RuleBasedStateMachine):
    @initialize()
    def meet(self) -> None:
        self.expected = Expected()
        self.grants: list[Grant] = []
        self.acme, _ = Workspace.objects.get_or_create(slug="acme", defaults={"name": "Acme"})
        self.people = [User.objects.get_or_create(email=email)[0].pk for email in PEOPLE]
        self.lead = Lead.objects.create(workspace=self.acme)

    @rule(holder=st.sampled_from(AGENTS))
    def acquire(self, holder: str) -> None:
        answer = floor.acquire(workspace_id=self.acme.pk, lead_id=self.lead.pk, holder=holder)
        if self.expected.is_free_for(holder):
            assert isinstance(answer, Grant)
            self.expected.epoch += 1
            self.expected.give(holder)
            self.grants.append(answer)
        else:
            assert isinstance(answer, Busy)
            assert (answer.holder, answer.user_id) == (self.expected.holder, self.expected.person)

    @rule(number=st.sampled_from([0, 1]))
    def take_over(self, number: int) -> None:
        person = self.people[number]
        grant = floor.take_over(workspace_id=self.acme.pk, lead_id=self.lead.pk, user_id=person)
        if (self.expected.holder, self.expected.person) != ("human", person):
            self.expected.epoch += 1
        self.expected.give("human", person)
        self.grants.append(grant)

    @rule(choice=st.randoms(use_true_random=False))
    def release(self, choice) -> None:  # type: ignore[no-untyped-def]
        if not self.grants:
            return
        grant = choice.choice(self.grants)
        assert floor.release(grant) == (grant.epoch == self.expected.epoch)
        if grant.epoch == self.expected.epoch:
            self.expected.free()

    @rule(choice=st.randoms(use_true_random=False))
    def renew(self, choice) -> None:  # type: ignore[no-untyped-def]
        if not self.grants:
            return
        grant = choice.choice(self.grants)
        is_its_own = grant.epoch == self.expected.epoch and self.expected.holder not in ("", "human")
        assert floor.renew(grant) == is_its_own
        if is_its_own:
            self.expected.is_expired = False

    @rule()
    def finish_speaking(self) -> None:
        """Nothing is on its way in this test, so the floor is free, but for a person's open-ended hold."""
        may = bool(self.expected.holder) and not self.expected.is_open_ended
        assert floor.release_when_spoken(lead_id=self.lead.pk, epoch=self.expected.epoch) == may
        if may:
            self.expected.free()

    @rule()
    def take_back(self) -> None:
        assert floor.take_back(lead_id=self.lead.pk) == self.expected.is_open_ended
        if self.expected.is_open_ended:
            self.expected.free()

    @rule()
    def clear(self) -> None:
        if floor.clear(lead_id=self.lead.pk):
            self.expected.epoch += 1
            self.expected.free()

    @rule()
    def time_passes(self) -> None:
        """Long enough for any lease; a person's hold has none."""
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE messaging_floor SET expires_at = clock_timestamp() - interval '1 hour' "
                "WHERE lead_id = %s AND expires_at IS NOT NULL",
                [self.lead.pk],
            )
        if self.expected.holder and not self.expected.is_open_ended:
            self.expected.is_expired = True

    @invariant()
    def the_row_is_as_expected(self) -> None:
        row = Floor.objects.filter(lead=self.lead).first()
        if row is None:
            assert (self.expected.holder, self.expected.epoch) == ("", 0)
            return
        assert (row.holder, row.user_id, row.epoch) == (
            self.expected.holder,
            self.expected.person,
            self.expected.epoch,
        )

    @invariant()
    def no_two_grants_of_different_voices_share_an_epoch(self) -> None:
        voices = {(grant.epoch, grant.holder, grant.user_id) for grant in self.grants}
        assert len({epoch for epoch, _, _ in voices}) == len(voices)


@pytest.mark.django_db
def test_the_floor_behaves_as_its_model() -> None:
    few = settings(max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck))
    with across_workspaces():
        run_state_machine_as_test(FloorMachine, settings=few)
