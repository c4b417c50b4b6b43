"""Business hours: pure questions about local time. No opening hours at all means open around the clock."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

MIDNIGHT = time(0)
LOOK_AHEAD_DAYS = 60


@dataclass(frozen=True, slots=True)
class Stretch:
    """Open from `opens` to `closes` local time on a weekday (0 is Monday); closing at 00:00 is the day's end."""

    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Hours:
    zone: ZoneInfo
    stretches: tuple[Stretch, ...]
    holidays: frozenset[date]


def is_open(hours: Hours, now: datetime) -> bool:
    if not hours.stretches:
        return now.astimezone(hours.zone).date() not in hours.holidays
    return any(start <= now < end for start, end in _openings(hours, now))


def next_opening(hours: Hours, now: datetime) -> datetime | None:
    """The next moment the team is there, in UTC; None while it is open or when it does not open for weeks."""
    if is_open(hours, now):
        return None
    if not hours.stretches:
        return _day_after_holidays(hours, now)
    return min((start for start, _ in _openings(hours, now, LOOK_AHEAD_DAYS) if start > now), default=None)


def _openings(hours: Hours, now: datetime, days: int = 1) -> Iterable[tuple[datetime, datetime]]:
    """Opening and closing instants from yesterday on; local times that do not exist fall on the shifted clock."""
    today = now.astimezone(hours.zone).date()
    for offset in range(-1, days + 1):
        day = today + timedelta(days=offset)
        if day in hours.holidays:
            continue
        for stretch in hours.stretches:
            if stretch.weekday == day.weekday():
                last_day = day + timedelta(days=1) if stretch.closes == MIDNIGHT else day
                yield _instant(day, stretch.opens, hours.zone), _instant(last_day, stretch.closes, hours.zone)


def _instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, at, tzinfo=zone).astimezone(ZoneInfo("UTC"))


def _day_after_holidays(hours: Hours, now: datetime) -> datetime | None:
    today = now.astimezone(hours.zone).date()
    days = (today + timedelta(days=offset) for offset in range(1, LOOK_AHEAD_DAYS))
    free = next((day for day in days if day not in hours.holidays), None)
    return _instant(free, MIDNIGHT, hours.zone) if free else None


def overlaps(stretches: Collection[Stretch]) -> bool:
    """Whether two stretches of a weekday overlap; settings refuse that."""
    by_day: dict[int, list[Stretch]] = {}
    for stretch in stretches:
        by_day.setdefault(stretch.weekday, []).append(stretch)
    return any(_day_overlaps(sorted(day, key=lambda each: each.opens)) for day in by_day.values())


def _day_overlaps(day: list[Stretch]) -> bool:
    return any(earlier.closes == MIDNIGHT or later.opens < earlier.closes for earlier, later in pairwise(day))
