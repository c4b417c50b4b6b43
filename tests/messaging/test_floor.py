"""The floor: one voice at a time for each lead, decided in one statement by PostgreSQL's clock."""

import pytest
from django.db import connection

from messaging import floor
from messaging.floor import Busy, Grant
from project.kernel.scope import workspace_scope
from tests.cast import Cast, gather_cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def cast() -> Cast:
    return gather_cast()


def ask(cast: Cast, holder: str, seconds: float = 45) -> Grant | Busy:
    with workspace_scope(cast.acme):
        return floor.acquire(workspace_id=cast.acme.pk, lead_id=cast.davi.pk, holder=holder, seconds=seconds)


def granted(cast: Cast, holder: str, seconds: float = 45) -> Grant:
    answer = ask(cast, holder, seconds)
    assert isinstance(answer, Grant)
    return answer


def take_over(cast: Cast, user_id: int) -> Grant:
    return floor.take_over(workspace_id=cast.acme.pk, lead_id=cast.davi.pk, user_id=user_id)


def test_a_free_floor_is_granted_with_a_new_epoch(cast: Cast) -> None:
    first = granted(cast, "primary")
    assert floor.release(first)
    assert granted(cast, "primary").epoch == first.epoch + 1


@pytest.mark.parametrize("holder", ["primary", "bridge", "system", "marketing"])
def test_the_same_or_a_lower_priority_waits(cast: Cast, holder: str) -> None:
    held = granted(cast, "primary")
    busy = ask(cast, holder)
    assert isinstance(busy, Busy)
    assert (busy.holder, busy.epoch) == ("primary", held.epoch)


def test_a_higher_priority_takes_it_at_once_and_the_older_grant_is_stale(cast: Cast) -> None:
    older = granted(cast, "marketing")
    newer = granted(cast, "primary")
    assert newer.epoch == older.epoch + 1
    assert not floor.renew(older)
    assert not floor.release(older)
    assert floor.renew(newer)


def test_a_person_takes_it_from_anybody_and_nobody_takes_it_from_them(cast: Cast) -> None:
    granted(cast, "primary")
    take_over(cast, cast.bruno.pk)
    assert isinstance(ask(cast, "primary"), Busy)


def test_the_same_person_keeps_the_epoch_and_another_person_gets_a_new_one(cast: Cast) -> None:
    first = take_over(cast, cast.bruno.pk)
    assert take_over(cast, cast.bruno.pk).epoch == first.epoch
    assert take_over(cast, cast.ana.pk).epoch == first.epoch + 1


def test_an_expired_lease_is_granted_only_after_a_delay(cast: Cast) -> None:
    """Its holder may be paused, not dead, and in the middle of a call."""
    granted(cast, "primary", seconds=-1)
    assert isinstance(ask(cast, "primary"), Busy)
    expire(seconds=3)
    assert isinstance(ask(cast, "primary"), Grant)


def test_a_persons_hold_does_not_expire(cast: Cast) -> None:
    take_over(cast, cast.bruno.pk)
    assert isinstance(ask(cast, "primary"), Busy)
    assert not floor.release_when_spoken(lead_id=cast.davi.pk, epoch=1)


def test_returning_a_floor_without_words_frees_it_at_once(cast: Cast) -> None:
    take_over(cast, cast.bruno.pk)
    assert floor.take_back(lead_id=cast.davi.pk)
    assert not floor.take_back(lead_id=cast.davi.pk)
    assert isinstance(ask(cast, "marketing"), Grant)


def test_clearing_makes_every_older_word_stale(cast: Cast) -> None:
    grant = granted(cast, "primary")
    floor.clear(lead_id=cast.davi.pk)
    assert granted(cast, "primary").epoch > grant.epoch + 1


def expire(seconds: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE messaging_floor SET expires_at = clock_timestamp() - make_interval(secs => %s)", [seconds]
        )
