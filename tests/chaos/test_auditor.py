"""What the judge makes of the doubles' books, by itself."""

from typing import Any

from tests.chaos.auditor import CHECKS, Evidence
from tests.chaos.tempo import ABSENCE_SECONDS
from tests.doubles.twilio import Call

DAVI = "whatsapp:+5511987654321"


def found(check: str, *calls: Call) -> list[str]:
    class Books(Evidence):
        def __init__(self) -> None:
            self.calls = list(calls)

    evidence: Any = Books()
    return list(CHECKS[check](evidence))


def call(mid: str, at: float, *, booked_after: float = 0.1, answered_after: float = 0.2) -> Call:
    return Call(mid, DAVI, at, 1, accepted_at=at + booked_after, ended_at=at + answered_after)


def test_a_message_that_was_accepted_twice_is_a_breach() -> None:
    assert found("outbound_repeated", call("a", 0), call("a", 5)) == ["message a was accepted 2 times"]
    assert found("outbound_repeated", call("a", 0), call("b", 5)) == []


def test_two_voices_at_once_are_a_breach_and_one_after_the_other_are_none() -> None:
    assert len(found("overlaps", call("a", 0), call("b", 0.05))) == 1
    assert found("overlaps", call("a", 0), call("b", 0.5)) == []


def test_a_double_that_books_later_than_anybody_waits_for_its_list_says_nothing_about_us() -> None:
    starved = [call("a", 0, booked_after=ABSENCE_SECONDS + 1), call("a", ABSENCE_SECONDS + 0.5)]
    assert found("outbound_repeated", *starved) == []
    assert found("overlaps", *starved) == []
    assert len(found("booked_too_late", *starved)) == 1
