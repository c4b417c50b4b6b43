"""Business hours across weekends, holidays and the clock changes of a year."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from handover.hours import Hours, Stretch, is_open, next_opening, overlaps

NEW_YORK = ZoneInfo("America/New_York")
WEEK = tuple(Stretch(day, time(9), time(18)) for day in range(5))


def hours(*stretches: Stretch, zone: ZoneInfo = NEW_YORK, holidays: tuple[date, ...] = ()) -> Hours:
    return Hours(zone, stretches or WEEK, frozenset(holidays))


def local(text: str, zone: ZoneInfo = NEW_YORK) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "is_there"),
    [
        ("2026-11-20T08:59:59", False),
        ("2026-11-20T09:00", True),
        ("2026-11-20T17:59:59", True),
        ("2026-11-20T18:00", False),
        ("2026-11-21T12:00", False),
    ],
)
def test_open_from_nine_until_six_on_weekdays(moment: str, is_there: bool) -> None:
    assert is_open(hours(), local(moment)) is is_there


def test_without_hours_it_is_open_around_the_clock_except_on_holidays() -> None:
    always = Hours(NEW_YORK, (), frozenset({date(2026, 11, 26)}))
    assert is_open(always, local("2026-11-25T23:59"))
    assert not is_open(always, local("2026-11-26T03:00"))
    assert next_opening(always, local("2026-11-26T03:00")) == local("2026-11-27T00:00")


def test_it_opens_again_after_the_weekend_and_the_holiday() -> None:
    thanksgiving = hours(holidays=(date(2026, 11, 26), date(2026, 11, 27)))
    assert next_opening(thanksgiving, local("2026-11-25T19:00")) == local("2026-11-30T09:00")


def test_open_now_has_no_next_opening_and_never_open_has_none_either() -> None:
    assert next_opening(hours(), local("2026-11-20T12:00")) is None
    shut = tuple(date(2026, 11, 20) + timedelta(days=day) for day in range(100))
    assert next_opening(hours(holidays=shut), local("2026-11-20T12:00")) is None


def test_midnight_is_the_end_of_the_day() -> None:
    late = hours(Stretch(4, time(18), time(0)), Stretch(5, time(0), time(2)))
    for moment, is_there in (("20T23:59", True), ("21T00:00", True), ("21T01:59", True), ("21T02:00", False)):
        assert is_open(late, local(f"2026-11-{moment}")) is is_there


@pytest.mark.parametrize("day", ["2026-03-08", "2026-11-01"])
def test_on_the_day_of_a_clock_change_it_opens_at_nine_by_the_wall(day: str) -> None:
    sunday = hours(Stretch(6, time(9), time(18)))
    assert not is_open(sunday, local(f"{day}T08:59"))
    assert is_open(sunday, local(f"{day}T09:00"))
    assert next_opening(sunday, local(f"{day}T00:30")) == local(f"{day}T09:00")


def test_an_opening_in_the_hour_that_does_not_exist_falls_behind_it() -> None:
    sunday = hours(Stretch(6, time(2, 30), time(18)))
    assert not is_open(sunday, datetime(2026, 3, 8, 6, 59, tzinfo=UTC))
    assert next_opening(sunday, datetime(2026, 3, 8, 6, 59, tzinfo=UTC)) == datetime(2026, 3, 8, 7, 30, tzinfo=UTC)
    assert is_open(sunday, datetime(2026, 3, 8, 7, 30, tzinfo=UTC))


def test_the_hour_that_comes_twice_is_open_once_at_its_beginning() -> None:
    sunday = hours(Stretch(6, time(1), time(1, 30)))
    assert is_open(sunday, datetime(2026, 11, 1, 5, 15, tzinfo=UTC))
    assert not is_open(sunday, datetime(2026, 11, 1, 6, 15, tzinfo=UTC))


def test_the_local_day_decides_not_the_utc_day() -> None:
    auckland = ZoneInfo("Pacific/Auckland")
    monday = hours(Stretch(0, time(9), time(18)), zone=auckland)
    assert is_open(monday, datetime(2026, 11, 22, 20, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("pair", "expected"),
    [
        ((Stretch(0, time(9), time(12)), Stretch(0, time(12), time(18))), False),
        ((Stretch(0, time(9), time(13)), Stretch(0, time(12), time(18))), True),
        ((Stretch(0, time(9), time(0)), Stretch(0, time(12), time(18))), True),
        ((Stretch(0, time(9), time(13)), Stretch(1, time(12), time(18))), False),
    ],
)
def test_stretches_of_a_day_may_not_overlap(pair: tuple[Stretch, Stretch], expected: bool) -> None:
    assert overlaps(pair) is expected
    assert overlaps(tuple(reversed(pair))) is expected
