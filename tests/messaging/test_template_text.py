"""The providers' rules for a template's text, and how its variables are filled: pure."""

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest

from messaging.channels.meta_limits import limit_in
from messaging.quiet import quiet_until
from messaging.services.promotion import is_us_number
from messaging.templating import Button, Draft, Limits, Unfit, fill, problems_with, render, variables_in

GOOD = Draft(
    name="order_update",
    language="pt_BR",
    category="utility",
    body="Hi {{1}}, your order {{2}} is on its way to you.",
    examples={"1": "Ana", "2": "4711"},
)

WRONG = {
    "a name with a capital": ({"name": "Order"}, "name"),
    "a name that is empty": ({"name": ""}, "name"),
    "a language that is none": ({"language": "Portuguese"}, "language"),
    "authentication": ({"category": "authentication"}, "category"),
    "no text": ({"body": " "}, "body"),
    "a text that is too long": ({"body": "x" * 1025, "examples": {}}, "body"),
    "a variable at the beginning": ({"body": "{{1}}, your order is on its way"}, "body"),
    "a variable at the end": ({"body": "Your order is on its way, {{1}}."}, "body"),
    "variables side by side": ({"body": "Hi {{1}} {{2}}, your order is now on its way"}, "body"),
    "too few words": ({"body": "Hi {{1}} and {{2}} there"}, "body"),
    "a gap in the numbers": (
        {"body": "Hi {{1}}, your order {{3}} is on its way to you.", "examples": {"1": "Ana", "3": "4711"}},
        "body",
    ),
    "names where numbers are asked for": (
        {"body": "Hi {{name}}, your order is on its way.", "examples": {"name": "Ana"}},
        "body",
    ),
    "braces that hold no variable": ({"body": "Hi {{}}, your order is on its way to you."}, "body"),
    "braces that never close": ({"body": "Hi {{1, your order is on its way to you."}, "body"),
    "an example that is missing": ({"examples": {"1": "Ana"}}, "examples"),
    "an example of two lines": ({"examples": {"1": "Ana\nB", "2": "4711"}}, "examples"),
    "a variable in the footer": ({"footer": "Bye {{1}}"}, "footer"),
    "a header of two lines": ({"header": "a\nb"}, "header"),
    "four replies": ({"buttons": tuple(Button("quick_reply", str(number)) for number in range(4))}, "buttons"),
    "a button without words": ({"buttons": (Button("quick_reply", " "),)}, "buttons"),
    "a link without https": ({"buttons": (Button("url", "Look", "http://acme.test"),)}, "buttons"),
    "replies and links": (
        {"buttons": (Button("quick_reply", "Yes"), Button("url", "Look", "https://acme.test"))},
        "buttons",
    ),
    "three blank lines": ({"body": "Hello\n\n\n\nyour order is on its way", "examples": {}}, "body"),
}


def test_a_good_draft_has_no_problem() -> None:
    assert problems_with(GOOD, Limits()) == {}
    assert problems_with(replace(GOOD, buttons=(Button("url", "Look", "https://acme.test"),)), Limits()) == {}


@pytest.mark.parametrize("case", WRONG)
def test_what_a_provider_would_refuse_is_named(case: str) -> None:
    changes, field = WRONG[case]
    assert list(problems_with(replace(GOOD, **changes), Limits())) == [field]


def test_names_are_taken_where_the_kind_takes_them() -> None:
    named = replace(GOOD, body="Hi {{first_name}}, your order is on its way.", examples={"first_name": "Ana"})
    assert problems_with(named, Limits(named_variables=True)) == {}


def test_variables_are_found_once_in_their_order() -> None:
    assert variables_in("{{2}} and {{ 1 }} and {{2}}") == ["2", "1"]


def test_a_customers_braces_stay_text() -> None:
    assert render("Hi {{1}} of {{2}}", {"1": "{{2}}", "2": "Acme"}) == "Hi {{2}} of Acme"
    assert fill({"1": "{name}"}, {"name": "{company}", "company": "x"}) == {"1": "{company}"}


def test_a_missing_word_has_another_or_is_named() -> None:
    assert fill({"1": "{first_name|there}"}, {"first_name": " "}) == {"1": "there"}
    with pytest.raises(Unfit, match=r"\{\{2\}\}"):
        fill({"2": "{company}"}, {})


def test_line_breaks_in_a_value_become_blanks() -> None:
    assert fill({"1": "{request}"}, {"request": "a\n\tb     c"}) == {"1": "a b c"}
    with pytest.raises(Unfit, match="1,600"):
        fill({"1": "x" * 1601}, {})


# -- quiet hours ---------------------------------------------------------------------------------------------

SAO_PAULO, BERLIN = ZoneInfo("America/Sao_Paulo"), ZoneInfo("Europe/Berlin")


def quiet(now: datetime, zone: ZoneInfo = SAO_PAULO, begins: time = time(21), ends: time = time(8)) -> datetime | None:
    return quiet_until(now, zone=zone, begins=begins, ends=ends)


def test_the_night_is_the_customers() -> None:
    assert quiet(datetime(2026, 11, 20, 12, tzinfo=UTC)) is None  # nine in the morning there
    assert quiet(datetime(2026, 11, 21, 0, tzinfo=UTC)) == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert quiet(datetime(2026, 11, 21, 10, 59, tzinfo=UTC)) == datetime(2026, 11, 21, 11, tzinfo=UTC)
    assert quiet(datetime(2026, 11, 21, 11, tzinfo=UTC)) is None


def test_hours_within_one_day_and_none_at_all() -> None:
    noon = datetime(2026, 11, 20, 15, 30, tzinfo=UTC)
    assert quiet(noon, begins=time(12), ends=time(13)) == datetime(2026, 11, 20, 16, tzinfo=UTC)
    assert quiet(noon, begins=time(12), ends=time(12)) is None


def test_the_hour_that_comes_twice_ends_ahead() -> None:
    second_half_past_two = datetime(2026, 10, 25, 1, 20, tzinfo=UTC)  # 02:20 for the second time
    until = quiet(second_half_past_two, BERLIN, begins=time(23), ends=time(2, 30))
    assert until == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "is_us"),
    [
        ("whatsapp:+14155238886", True),
        ("+12125550123", True),
        ("+16135550123", False),  # Ottawa
        ("+18765550123", False),  # Jamaica
        ("+5511987654321", False),
        ("BR.1349", False),
        ("", False),
        ("+1", False),
    ],
)
def test_canada_is_not_the_united_states(address: str, is_us: bool) -> None:
    assert is_us_number(address) == is_us


@pytest.mark.parametrize(
    ("told", "words", "people"),
    [
        ("TIER_250", "250 people a day", 250),
        ("TIER_2K", "2,000 people a day", 2000),
        ("100K", "100,000 people a day", 100_000),
        ("1K Customers/24hr", "1,000 people a day", 1000),
        ("10000", "10,000 people a day", 10_000),
        ("TIER_UNLIMITED", "no limit", 2_000_000_000),
        ("TIER_NOT_SET", "TIER_NOT_SET", None),
        ("", "", None),
        ("-1", "-1", None),
        ("99999999999", "99999999999", None),
    ],
)
def test_a_limit_is_read_in_every_spelling(told: str, words: str, people: int | None) -> None:
    limit = limit_in(told)
    assert (limit.words, limit.people) == (words, people)
