"""The outbox behaves as its model, and the machine finds each bug that is planted in it."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import timedelta

import pytest
from hypothesis.stateful import run_state_machine_as_test

from messaging import gate
from messaging.services import dispatch, reconcile, sendable, statuses
from messaging.transports import ErrorKind, TransportError
from tests.concurrency.guards import without

from .outbox_machine import OutboxMachine
from .profiles import budget, patient, until_found
from .stage import Stage

Plant = Callable[[pytest.MonkeyPatch], None]

pytestmark = patient


@pytest.fixture
def machine(stage: Stage) -> type[OutboxMachine]:
    OutboxMachine.stage = stage
    return OutboxMachine


def test_the_outbox_behaves_as_its_model(machine: type[OutboxMachine]) -> None:
    run_state_machine_as_test(machine, settings=budget(examples=30, steps=40))


# -- planted bugs ------------------------------------------------------------------------------------------------


def sender_blind_to_open_attempts(patch: pytest.MonkeyPatch) -> None:
    """And nothing in the database forbids the second one."""
    for name in ("_ANY_SENDABLE", "_LOCK_NEXT", "_IS_SENDABLE"):
        statement = getattr(sendable, name)
        assert "IN ('calling', 'unknown')" in statement
        patch.setattr(sendable, name, statement.replace("IN ('calling', 'unknown')", "IN ('nothing')"))


def unknown_settled_as_refused(patch: pytest.MonkeyPatch) -> None:
    settle = dispatch.settle_error

    def settle_wrongly(*, error: TransportError, **more: object) -> None:
        if error.kind == ErrorKind.UNKNOWN:
            error = TransportError(ErrorKind.UNREACHABLE, detail=error.detail)
        settle(error=error, **more)

    patch.setattr(dispatch, "settle_error", settle_wrongly)


def gate_without_the_epoch(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gate, "_voice", lambda facts: None)


def sender_without_its_deadline(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(dispatch, "monotonic", lambda: 0.0)


def absence_believed_at_once(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(reconcile, "BELIEVE_ABSENCE_AFTER", timedelta(0))


def statuses_that_go_backwards(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(statuses, "RANK", dict.fromkeys(statuses.RANK, 0) | {"sent": 1, "delivered": 1, "read": 1})

    def advance(message, conversation, status, provider_id, now):  # type: ignore[no-untyped-def]
        message.status, message.provider_id, message.due_at = status, message.provider_id or provider_id, None
        message.save(update_fields=["status", "provider_id", "due_at"])
        return True

    patch.setattr(statuses, "_advance", advance)


@pytest.mark.long
@pytest.mark.parametrize(
    ("plant", "guard"),
    [
        (sender_blind_to_open_attempts, "attempt_one_open"),
        (unknown_settled_as_refused, ""),
        (gate_without_the_epoch, ""),
        (sender_without_its_deadline, ""),
        (absence_believed_at_once, ""),
        (statuses_that_go_backwards, ""),
    ],
)
def test_the_machine_finds(
    plant: Plant, guard: str, machine: type[OutboxMachine], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    with without(guard) if guard else nullcontext(), pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=until_found(steps=40))
