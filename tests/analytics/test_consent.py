"""Consent and holds: each check finds the violation that is planted, and that one alone."""

from datetime import timedelta
from typing import Any

import pytest

from crm.models import Hold
from handover.models import Booking
from messaging.models import Message
from tests.analytics.history import NOON, History, minutes

AT = NOON + minutes(30)


def found(history: History) -> dict[str, int]:
    """Besides the guard that was taken away to plant it, which is found as well."""
    counts = history.found()
    assert counts.pop("missing_guards") == 1
    return counts


def sends_marketing(history: History, **changes: Any) -> Message:
    """Past the guard of the database: the audit judges what is there, however it came to be there."""
    history.without("messaging_message", "message_marketing_has_consent")
    return history.sends(AT, voice="marketing", purpose="marketing", **changes)


def test_marketing_to_somebody_who_agreed_is_clean(history: History) -> None:
    history.allows("granted")
    sends_marketing(history)
    assert found(history) == {}


def test_marketing_to_somebody_who_never_agreed_is_found(history: History) -> None:
    history.allows("granted", at=AT + minutes(1))
    sends_marketing(history)
    assert found(history) == {"marketing_without_consent": 1}


def test_marketing_that_was_refused_by_the_provider_said_nothing(history: History) -> None:
    message = sends_marketing(history, status="failed")
    history.calls(message, AT, state="refused")
    assert found(history) == {}


def test_marketing_to_somebody_who_withdrew_is_found_twice_over(history: History) -> None:
    history.allows("granted")
    history.allows("withdrawn", at=NOON - timedelta(days=1))
    sends_marketing(history)
    assert found(history) == {"marketing_without_consent": 1, "sent_after_opt_out": 1}


def test_marketing_while_the_customer_talks_is_found(history: History) -> None:
    history.allows("granted")
    history.decides(history.says(NOON))
    sends_marketing(history)
    assert found(history) == {"marketing_during_hold": 1}


def test_marketing_within_a_day_of_a_request_for_a_person_is_found(history: History) -> None:
    history.allows("granted")
    history.asks_for_person(NOON + minutes(20))
    history.now = NOON + minutes(31)
    sends_marketing(history)
    assert found(history) == {"marketing_during_hold": 1}


def test_marketing_while_a_booked_call_is_pending_is_found(history: History) -> None:
    history.allows("granted")
    Booking.objects.create(
        **history.of_lead,
        url="x",
        state="booked",
        offered_at=NOON,
        booked_at=NOON,
        starts_at=NOON + timedelta(days=2),
    )
    sends_marketing(history)
    assert found(history) == {"marketing_during_hold": 1}


@pytest.mark.parametrize(("released_at", "found"), [(None, 1), (AT + minutes(1), 1), (AT - minutes(1), 0)])
def test_marketing_during_a_hold_without_an_end_is_found(history: History, released_at: Any, found: int) -> None:
    history.allows("granted")
    Hold.objects.create(**history.of_lead, kind="in_sales_process", created_at=NOON, released_at=released_at)
    sends_marketing(history)
    assert history.found().get("marketing_during_hold", 0) == found


def test_words_after_an_opt_out_are_found(history: History) -> None:
    history.allows("withdrawn", "service", NOON)
    history.sends(AT)
    assert history.found() == {"sent_after_opt_out": 1}


def test_the_confirmation_and_answers_to_later_words_are_none(history: History) -> None:
    history.allows("withdrawn", "service", NOON)
    history.sends(NOON + minutes(1), payload={"confirms_opt_out": True})
    later = history.says(NOON + minutes(10))
    history.sends(NOON + minutes(11), answers=later)
    history.allows("granted", "service", NOON + minutes(20))
    history.sends(AT)
    assert history.found() == {}


def test_an_answer_to_what_was_said_before_the_opt_out_is_found(history: History) -> None:
    earlier = history.says(NOON - minutes(1))
    history.allows("withdrawn", "service", NOON)
    history.sends(AT, answers=earlier)
    assert history.found() == {"sent_after_opt_out": 1}
