"""Prices and limits: pure arithmetic."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pydantic import ValidationError

from agents.reasoning.budget import (
    FOLDER,
    Limits,
    Spent,
    Thrift,
    cost_of,
    judge_spending,
    read_prices,
    with_costs,
)
from agents.reasoning.ports import Call, Usage
from agents.spending import prices as listed

PRICES = read_prices("""
- {model: big, since: 2026-01-01, prompt: 2, cached: 1, completion: 10}
- {model: big, since: 2026-06-01, prompt: 1, cached: 0.5, completion: 5}
- {model: big-mini, since: 2026-01-01, prompt: 0.2, cached: 0.1, completion: 1}
""")
MAY, JULY = date(2026, 5, 1), date(2026, 7, 1)


def call(model: str = "big", prompt: int = 1_000_000, completion: int = 0, cached: int = 0, outcome: str = "x") -> Call:
    return Call("intent", model, "host", outcome, prompt, completion, cached)


@pytest.mark.parametrize(
    ("asked", "on", "dollars"),
    [
        (call(), MAY, 2),
        (call(), JULY, 1),
        (call(), date(2025, 12, 31), None),
        (call(completion=1_000_000), MAY, 12),
        (call(cached=500_000), MAY, "1.5"),
        (call(cached=9_000_000), MAY, 1),
        (call("big-2026-03-01"), MAY, 2),
        (call("big-mini"), MAY, "0.2"),
        (call("big-mini-2026"), MAY, "0.2"),
        (call("bigger"), MAY, None),
        (call("llama3"), MAY, None),
        (call("llama3", outcome="cached"), MAY, 0),
        (call(prompt=0), MAY, 0),
    ],
)
def test_what_a_call_costs_on_a_day(asked: Call, on: date, dollars: object) -> None:
    assert cost_of(asked, on, PRICES) == (None if dollars is None else Decimal(str(dollars)))


def test_an_analysis_costs_what_its_calls_cost_and_says_which_have_no_price() -> None:
    usage = with_costs(Usage(log=(call(), call("big-mini"), call("llama3"))), MAY, PRICES)
    assert [one.cost for one in usage.log] == [2.0, 0.2, None]
    assert usage.cost == 2.2


def test_the_price_list_that_comes_along_can_be_read() -> None:
    prices = read_prices((FOLDER / "prices.yaml").read_text())
    assert cost_of(call("gpt-4o-mini-2024-07-18"), date(2026, 1, 1), prices) == Decimal("0.15")


@pytest.mark.parametrize(
    "text",
    [
        "- {model: x}",
        "- {model: x, since: 2026-01-01, prompt: -1, cached: 0, completion: 0}",
        "- {model: x, since: soon, prompt: 1, cached: 0, completion: 0}",
        "hello",
    ],
)
def test_a_price_list_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        read_prices(text)


def money(conversation: str = "0", day: str = "0", month: str = "0") -> Spent:
    return Spent(Decimal(conversation), Decimal(day), Decimal(month))


LIMITS = Limits(conversation=Decimal("0.10"), day=Decimal(5), month=Decimal(100))


@pytest.mark.parametrize(
    ("spent", "thrift", "said"),
    [
        (money(), Thrift.FULL, ""),
        (money("0.079"), Thrift.FULL, ""),
        (money("0.08"), Thrift.FRUGAL, "0.08 of 0.10 US dollars for this conversation"),
        (money("0.10"), Thrift.OFFLINE, "this conversation"),
        (money(day="4.2"), Thrift.FRUGAL, "today"),
        (money(day="5"), Thrift.OFFLINE, "today"),
        (money(month="250"), Thrift.OFFLINE, "250.00 of 100.00 US dollars for this month"),
        (money("0.09", day="5"), Thrift.OFFLINE, "today"),
    ],
)
def test_the_limit_that_is_most_used_up_decides(spent: Spent, thrift: Thrift, said: str) -> None:
    verdict = judge_spending(spent, LIMITS)
    assert verdict.thrift is thrift
    assert said in verdict.reason
    assert bool(verdict.reason) == (thrift is not Thrift.FULL)


def test_without_limits_nothing_is_too_dear() -> None:
    assert judge_spending(money("9", "99", "999"), Limits()).thrift is Thrift.FULL


def test_a_limit_of_nothing_allows_nothing() -> None:
    assert judge_spending(money(), Limits(day=Decimal(0))).thrift is Thrift.OFFLINE


@pytest.mark.parametrize("content", [None, "- {model: x}", ": : :"])
def test_a_price_file_that_cannot_be_used_stops_the_start_and_names_itself(
    content: str | None, tmp_path: Path, settings: Any
) -> None:
    file = tmp_path / "prices.yaml"
    if content is not None:
        file.write_text(content)
    settings.MODEL_PRICES_FILE = str(file)
    listed.prices.cache_clear()
    with pytest.raises(ImproperlyConfigured, match="MODEL_PRICES_FILE"):
        listed.refuse_unusable_prices()
