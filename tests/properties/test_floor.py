"""The floor behaves as its model, and the machine finds each bug that is planted in it."""

import pytest
from hypothesis.stateful import run_state_machine_as_test

from messaging import floor

from .floor_machine import FloorMachine
from .profiles import budget, patient, until_found
from .stage import Stage

pytestmark = patient


@pytest.fixture
def machine(stage: Stage) -> type[FloorMachine]:
    FloorMachine.stage = stage
    return FloorMachine


def test_the_floor_behaves_as_its_model(machine: type[FloorMachine]) -> None:
    run_state_machine_as_test(machine, settings=budget(examples=30, steps=40))


BUGS = {
    "no delay after a lease ran out": ("_ACQUIRE", "interval '2 seconds'", "interval '0 seconds'"),
    "an equal priority takes the floor": ("_ACQUIRE", "floor.priority > excluded", "floor.priority >= excluded"),
    "a grant without a new epoch": ("_ACQUIRE", "epoch = floor.epoch + 1", "epoch = floor.epoch"),
    "a take-over without a new epoch": ("_TAKE_OVER", "ELSE floor.epoch + 1 END", "ELSE floor.epoch END"),
    "a stale release": ("_RELEASE", "AND epoch = %s", "AND epoch >= %s"),
    "a stale renewal": ("_RENEW", "AND epoch = %s", "AND epoch >= %s"),
    "a release amid words": ("_RELEASE_WHEN_SPOKEN", "word.epoch = floor.epoch", "word.epoch < floor.epoch"),
    "a cleared floor keeps its epoch": ("_CLEAR", "epoch = epoch + 1, ", ""),
}


@pytest.mark.parametrize("bug", BUGS)
def test_the_machine_finds(bug: str, machine: type[FloorMachine], monkeypatch: pytest.MonkeyPatch) -> None:
    name, right, wrong = BUGS[bug]
    statement = getattr(floor, name)
    assert right in statement
    monkeypatch.setattr(floor, name, statement.replace(right, wrong))
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=until_found(steps=40))
