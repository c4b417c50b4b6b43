"""What is read once for many people, and what never is."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from agents.reasoning.ports import Intent, Level, Line, Question, Reading, Tier, Voice
from agents.reasoning.reading_cache import KEPT_SECONDS, LONGEST_TEXT, MOST_READINGS, ReadingCache

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
HI = Question(text="Hi, how much is it?", now=NOON, workspace_id=1, workspace_name="Acme")
READING = Reading(
    Intent.PRICING, False, False, False, Level.MEDIUM, 0.1, Level.LOW, "en", 0.9, "asks the price", Tier.CREW
)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> ReadingCache:
    return ReadingCache(clock=clock)


def said(*lines: tuple[Voice, str]) -> tuple[Line, ...]:
    return tuple(Line(voice, body, NOON) for voice, body in lines)


def test_the_same_first_words_are_read_once_whoever_writes_them(cache: ReadingCache) -> None:
    cache.keep(HI, READING)
    again = replace(
        HI, text="hi,  HOW much is it?", lead_name="Elsa", history=said((Voice.CUSTOMER, "hi,  HOW much is it?"))
    )
    assert cache.find(again) == READING


@pytest.mark.parametrize(
    "changes",
    [
        {"text": "Hi, how much is that?"},
        {"workspace_id": 2},
        {"business": "We sell coffee."},
        {"language": "pt"},
        {"is_vip": True},
        {"channel": "email"},
        {"workspace_id": 0},
        {"history": said((Voice.AGENT, "It costs 10."), (Voice.CUSTOMER, "Hi, how much is it?"))},
        {"history": said((Voice.CUSTOMER, "I am angry."), (Voice.CUSTOMER, "Hi, how much is it?"))},
    ],
)
def test_whatever_could_change_the_meaning_is_read_anew(changes: dict[str, object], cache: ReadingCache) -> None:
    cache.keep(HI, READING)
    assert cache.find(replace(HI, **changes)) is None  # type: ignore[arg-type]


def test_long_words_and_unsure_readings_are_not_kept(cache: ReadingCache) -> None:
    long = replace(HI, text="x" * (LONGEST_TEXT + 1))
    cache.keep(long, READING)
    cache.keep(HI, replace(READING, confidence=0.5))
    assert (cache.find(long), cache.find(HI)) == (None, None)


def test_a_reading_is_forgotten_after_a_while(cache: ReadingCache, clock: Clock) -> None:
    cache.keep(HI, READING)
    clock.seconds = KEPT_SECONDS
    assert cache.find(HI) is None


def test_the_oldest_make_room(cache: ReadingCache) -> None:
    for number in range(MOST_READINGS + 1):
        cache.keep(replace(HI, text=f"Hi {number}"), READING)
    assert cache.find(replace(HI, text="Hi 0")) is None
    assert cache.find(replace(HI, text=f"Hi {MOST_READINGS}")) == READING
