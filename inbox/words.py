"""Durations, days and channels as people say them. Pure; the scripts tick the same words on."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from messaging.transports import CHANNELS, about


def channel_label(kind: str) -> str:
    return about(kind).label if kind in CHANNELS else kind.replace("_", " ").capitalize()


def counted(number: int, one: str, many: str = "") -> str:
    return f"{number} {one}" if number == 1 else f"{number} {many or one + 's'}"


def long_duration(span: timedelta) -> str:
    """“37 minutes”, “40 seconds”, “2 hours 5 minutes”, “3 days”."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return counted(seconds, "second")
    if seconds < 3600:
        return counted(seconds // 60, "minute")
    if seconds < 86_400:
        hours, minutes = divmod(seconds // 60, 60)
        return counted(hours, "hour") + (f" {counted(minutes, 'minute')}" if minutes else "")
    return counted(seconds // 86_400, "day")


def short_duration(span: timedelta) -> str:
    """“40 s”, “37 min”, “2 h”, “3 d”."""
    seconds = max(int(span.total_seconds()), 0)
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def countdown(span: timedelta) -> str:
    """“8:04”, “1:02:04”."""
    seconds = max(int(span.total_seconds()), 0)
    hours, rest = divmod(seconds, 3600)
    if hours:
        return f"{hours}:{rest // 60:02}:{rest % 60:02}"
    return f"{rest // 60}:{rest % 60:02}"


def clock_time(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%H:%M}"


def day_name(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """“Today”, “Yesterday”, “Monday”, “6 November”, “6 November 2025”."""
    day, today = at.astimezone(zone).date(), now.astimezone(zone).date()
    if 0 <= (today - day).days <= 1:
        return "Yesterday" if day != today else "Today"
    if 1 < (today - day).days < 7:
        return f"{day:%A}"
    return f"{day.day} {day:%B}" if day.year == today.year else f"{day.day} {day:%B %Y}"


def list_time(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """As short as it can be said in a list: “10:41”, “Mon”, “6 Nov”, “6 Nov 2025”."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    age = (today - local.date()).days
    if age == 0:
        return f"{local:%H:%M}"
    if 0 < age < 7:
        return f"{local:%a}"
    return f"{local.day} {local:%b}" if local.year == today.year else f"{local.day} {local:%b %Y}"


def near_time(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """A time in the near past or future: “10:12”, “10:12 tomorrow”, “Thu 14:00”, “6 Nov 14:00”."""
    local, today = at.astimezone(zone), now.astimezone(zone).date()
    ahead = (local.date() - today).days
    if ahead == 0:
        return f"{local:%H:%M}"
    if ahead == 1:
        return f"{local:%H:%M} tomorrow"
    if -7 < ahead < 7:
        return f"{local:%a %H:%M}"
    return f"{local.day} {local:%b %H:%M}"
