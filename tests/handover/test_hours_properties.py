"""Business hours in every zone, around its clock changes and at the ends of months, against the wall clock itself."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from handover.hours import LOOK_AHEAD_DAYS, MIDNIGHT, Hours, Stretch, is_open, next_opening, overlaps

HOUR = timedelta(hours=1)
YEARS = (2024, 2025, 2026, 2027)
MONTH_ENDS = [datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC) for year in YEARS for month in range(1, 13)]
ZONES = sorted(
    zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "posix/", "right/"))
)
CHANGING = ["Europe/Berlin", "America/New_York", "America/Havana", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe"]
"""Whose clocks change at two, at midnight, and by half an hour."""


@cache
def clock_changes(zone: str) -> tuple[datetime, ...]:
    """The first noon (UTC) behind each change of the zone's offset in these years."""
    info, first = ZoneInfo(zone), datetime(YEARS[0], 1, 1, 12, tzinfo=UTC)
    noons = [first + timedelta(days=number) for number in range(365 * len(YEARS))]
    offsets = [noon.astimezone(info).utcoffset() for noon in noons]
    return tuple(noons[number] for number in range(1, len(noons)) if offsets[number] != offsets[number - 1])


@st.composite
def stretches(draw: st.DrawFn) -> tuple[Stretch, ...]:
    """A sign with the same hours on most days of the week."""
    times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))
    chosen: list[Stretch] = []
    for opens, closes in draw(st.lists(st.tuples(times, times), min_size=1, max_size=6)):
        stretch = Stretch(0, min(opens, closes), MIDNIGHT if opens == closes else max(opens, closes))
        if not overlaps([*chosen, stretch]):
            chosen.append(stretch)
    weekdays = draw(st.sets(st.integers(0, 6), min_size=5))
    return tuple(replace(stretch, weekday=weekday) for weekday in sorted(weekdays) for stretch in chosen)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Hours, datetime]:
    """Somebody comes to the door within two hours of a time on its sign: on a day at or beside a clock change, or at
    the end of a month, where mistakes live.
    """
    zone = draw(st.sampled_from(ZONES) | st.sampled_from(CHANGING))
    info, sign = ZoneInfo(zone), draw(stretches())
    noon = draw(st.sampled_from(MONTH_ENDS) | st.sampled_from(clock_changes(zone) or MONTH_ENDS))
    today = noon.astimezone(info).date() + timedelta(days=draw(st.integers(-1, 1)))
    named = draw(st.sampled_from(sorted({time_ for stretch in sign for time_ in (stretch.opens, stretch.closes)})))
    now = datetime.combine(today, named, tzinfo=info).astimezone(UTC) + draw(st.integers(-8, 8)) * HOUR / 4
    holidays = draw(st.frozensets(st.integers(-2, 12).map(lambda ahead: today + timedelta(days=ahead)), max_size=2))
    return Hours(info, sign, holidays), now


def is_open_by_the_wall(hours: Hours, now: datetime) -> bool:
    """What a person says who looks at the clock on the wall, at the calendar, and at the sign on the door."""
    wall = now.astimezone(hours.zone)
    if wall.date() in hours.holidays:
        return False
    today = [stretch for stretch in hours.stretches if stretch.weekday == wall.weekday()]
    return any(
        stretch.opens <= wall.time() and (wall.time() < stretch.closes or stretch.closes == MIDNIGHT)
        for stretch in today
    )


def openings_between(hours: Hours, first: datetime, last: datetime) -> Sequence[datetime]:
    """Each quarter of an hour at which somebody at the door could see it open."""
    quarter = timedelta(minutes=15)
    count = int((last - first) / quarter)
    return [first + number * quarter for number in range(1, count) if is_open(hours, first + number * quarter)]


@settings(max_examples=300, deadline=None)
@given(cases())
def test_it_is_open_as_the_wall_clock_says_wherever_the_sign_names_hours_that_come_once(
    case: tuple[Hours, datetime],
) -> None:
    hours, now = case
    wall = now.astimezone(hours.zone)
    today = [stretch for stretch in hours.stretches if stretch.weekday == wall.weekday()]
    named = [time_ for stretch in today for time_ in (stretch.opens, stretch.closes) if time_ != MIDNIGHT]
    days_ends = [datetime.combine(wall.date() + timedelta(days=days), MIDNIGHT) for days in (0, 1)]
    signs = [*days_ends, *(datetime.combine(wall.date(), time_) for time_ in named)]
    assume(all(comes_once(sign, hours.zone) for sign in signs))
    assert is_open(hours, now) == is_open_by_the_wall(hours, now)


def comes_once(wall: datetime, zone: ZoneInfo) -> bool:
    return wall.replace(tzinfo=zone, fold=0).utcoffset() == wall.replace(tzinfo=zone, fold=1).utcoffset()


@settings(max_examples=200, deadline=None)
@given(cases())
def test_the_next_opening_is_open_is_ahead_and_has_nothing_open_before_it(case: tuple[Hours, datetime]) -> None:
    hours, now = case
    opening = next_opening(hours, now)
    if opening is None:
        weeks = timedelta(days=LOOK_AHEAD_DAYS - 2)
        assert is_open(hours, now) or not openings_between(hours, now, now + weeks)
        return
    assert opening > now
    assert is_open(hours, opening)
    assert not is_open(hours, opening - timedelta(seconds=1))
    assert not openings_between(hours, now, opening)
    assert opening.astimezone(hours.zone).date() not in hours.holidays
