"""Kicks: once a transaction, after commit, and never swallowed by what was rolled back before."""

import pytest
from django.db import transaction

from project.kernel.events import kick

pytestmark = pytest.mark.django_db(transaction=True)


class Task:
    """Counts how often it is woken."""

    name = "tests.task"

    def __init__(self) -> None:
        self.woken = 0

    def apply_async(self, **options: object) -> None:
        self.woken += 1


def roll_back(task: Task) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        kick(task)
        raise RuntimeError


def test_a_kick_wakes_after_the_commit_and_once_a_transaction() -> None:
    task = Task()
    with transaction.atomic():
        kick(task)
        with transaction.atomic():
            kick(task)
        assert task.woken == 0
    assert task.woken == 1


def test_two_tasks_are_both_woken() -> None:
    first, second = Task(), Task()
    with transaction.atomic():
        kick(first)
        kick(second)
    assert (first.woken, second.woken) == (1, 1)


def test_outside_a_transaction_every_kick_wakes() -> None:
    task = Task()
    kick(task)
    kick(task)
    assert task.woken == 2


def test_a_kick_that_was_rolled_back_does_not_swallow_the_next() -> None:
    task = Task()
    roll_back(task)
    with transaction.atomic():
        kick(task)
    assert task.woken == 1


def test_a_kick_in_a_savepoint_that_was_rolled_back_does_not_swallow_the_next() -> None:
    task = Task()
    with transaction.atomic():
        roll_back(task)
        kick(task)
    assert task.woken == 1
