"""The ladder behaves as its model, and the machine finds each bug that is planted in it."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis.stateful import run_state_machine_as_test

from handover.models import LadderStep
from handover.models.handovers import Rung, StepState
from handover.services import ladder
from handover.services.handovers import close_step

from . import processes
from .ladder_machine import LadderMachine
from .profiles import budget, patient, until_found
from .stage import Stage

Plant = Callable[[pytest.MonkeyPatch], None]

pytestmark = patient


@pytest.fixture
def machine(stage: Stage) -> type[LadderMachine]:
    LadderMachine.stage = stage
    return LadderMachine


def test_the_ladder_behaves_as_its_model(machine: type[LadderMachine]) -> None:
    run_state_machine_as_test(machine, settings=budget(examples=30, steps=40))


# -- planted bugs ------------------------------------------------------------------------------------------------


def step_not_read_again_under_the_lock(patch: pytest.MonkeyPatch) -> None:
    look = ladder._ready

    def look_badly(step_id: int, *more: Any) -> LadderStep | None:
        step = LadderStep.objects.select_related("handover__lead", "handover__workspace", "workspace").get(pk=step_id)
        return step if step.state != StepState.PENDING else look(step_id, *more)

    patch.setattr(ladder, "_ready", look_badly)


def answers_not_seen(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder, "what_ended_it", lambda handover, conversation: None)


def steps_a_minute_early(patch: pytest.MonkeyPatch) -> None:
    """By the look that claims them, and by the one under the lock."""
    claim, look = ladder._claim, ladder._ready
    patch.setattr(ladder, "_claim", lambda now: claim(now + timedelta(minutes=1)))
    patch.setattr(ladder, "_ready", lambda step_id, one, now: look(step_id, one, now + timedelta(minutes=1)))


def every_missed_step_made_up_for(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ladder, "OUTAGE", timedelta(days=1000))


def words_in_a_transaction_of_their_own(patch: pytest.MonkeyPatch) -> None:
    """The step is marked and committed; whoever dies now has said nothing."""
    fire = ladder.FIRE[Rung.UPDATE]

    def mark_and_speak(step: LadderStep, conversation: Any, link: Any, now: datetime) -> None:
        close_step(step, StepState.FIRED, "the customer was told", now)
        transaction.on_commit(lambda: speak(step, conversation, link, now))

    def speak(step: LadderStep, *more: Any) -> None:
        process = processes.current()
        if process is not None:
            process.stop(processes.COMMITTED)
        with transaction.atomic():
            fire(step, *more)

    patch.setitem(ladder.FIRE, Rung.UPDATE, mark_and_speak)


@pytest.mark.long
@pytest.mark.parametrize(
    "plant",
    [
        step_not_read_again_under_the_lock,
        answers_not_seen,
        steps_a_minute_early,
        every_missed_step_made_up_for,
        words_in_a_transaction_of_their_own,
    ],
)
def test_the_machine_finds(plant: Plant, machine: type[LadderMachine], monkeypatch: pytest.MonkeyPatch) -> None:
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=until_found(steps=40))
