from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from inbox import words

SAO_PAULO = ZoneInfo("America/Sao_Paulo")
NOON = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # noon in São Paulo, a Friday


@pytest.mark.parametrize(
    ("seconds", "long", "short", "left"),
    [
        (-5, "0 seconds", "0 s", "0:00"),
        (1, "1 second", "1 s", "0:01"),
        (59.9, "59 seconds", "59 s", "0:59"),
        (60, "1 minute", "1 min", "1:00"),
        (37 * 60 + 4, "37 minutes", "37 min", "37:04"),
        (3600, "1 hour", "1 h", "1:00:00"),
        (3600 * 2 + 61, "2 hours 1 minute", "2 h", "2:01:01"),
        (86_400 * 3, "3 days", "3 d", "72:00:00"),
    ],
)
def test_a_duration_is_said_as_people_say_it(seconds: float, long: str, short: str, left: str) -> None:
    span = timedelta(seconds=seconds)
    assert (words.long_duration(span), words.short_duration(span), words.countdown(span)) == (long, short, left)


@pytest.mark.parametrize(
    ("hours", "day", "in_list", "near"),
    [
        (0, "Today", "12:00", "12:00"),
        (-12, "Today", "00:00", "00:00"),
        (-13, "Yesterday", "Thu", "Thu 23:00"),
        (-72, "Tuesday", "Tue", "Tue 12:00"),
        (-24 * 8, "12 November", "12 Nov", "12 Nov 12:00"),
        (-24 * 365, "20 November 2025", "20 Nov 2025", "20 Nov 12:00"),
        (22, "21 November", "21 Nov", "10:00 tomorrow"),
        (74, "23 November", "23 Nov", "Mon 14:00"),
    ],
)
def test_an_instant_is_said_by_the_workspace_s_own_calendar(hours: int, day: str, in_list: str, near: str) -> None:
    at = NOON + timedelta(hours=hours)
    assert words.day_name(at, NOON, SAO_PAULO) == day
    assert words.list_time(at, NOON, SAO_PAULO) == in_list
    assert words.near_time(at, NOON, SAO_PAULO) == near


def test_a_channel_nobody_named_yet_still_reads_well() -> None:
    assert words.channel_label("whatsapp_twilio") == "WhatsApp"
    assert words.channel_label("instagram_direct") == "Instagram direct"
