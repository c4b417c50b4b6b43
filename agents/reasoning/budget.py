"""What calls cost, and how much thinking the money still allows. Pure; prices.yaml has the prices."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from agents.reasoning.ports import CACHED, Call, Usage

FOLDER = Path(__file__).parent
SHARE_TO_BE_FRUGAL = Decimal("0.8")
"""Of a limit: from here on the cheaper models think, so that the rest lasts longer."""
_MILLION = 1_000_000


class Price(BaseModel):
    """US dollars for a million tokens, from a day on. `model` is a name or the beginning of one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: str = Field(min_length=1)
    since: date
    prompt: Decimal = Field(ge=0)
    cached: Decimal = Field(ge=0)
    completion: Decimal = Field(ge=0)


@dataclass(frozen=True, slots=True)
class Limits:
    """US dollars; None is no limit."""

    conversation: Decimal | None = None
    day: Decimal | None = None
    month: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    conversation: Decimal = Decimal(0)
    day: Decimal = Decimal(0)
    month: Decimal = Decimal(0)


class Thrift(StrEnum):
    """How much may be asked of a model."""

    FULL = "full"
    FRUGAL = "frugal"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is for a salesperson; empty when nothing is held back."""

    thrift: Thrift
    reason: str = ""


def read_prices(text: str) -> tuple[Price, ...]:
    """Raises pydantic.ValidationError or yaml.YAMLError."""
    return TypeAdapter(tuple[Price, ...]).validate_python(yaml.safe_load(text))


def cost_of(call: Call, on: date, prices: Iterable[Price]) -> Decimal | None:
    """None when no price is known. Cached tokens are a part of the prompt's and cost less."""
    if call.outcome == CACHED:
        return Decimal(0)
    price = _price_of(call.model, on, prices)
    if price is None:
        return None
    cached = min(call.cached_tokens, call.prompt_tokens)
    dollars = (call.prompt_tokens - cached) * price.prompt + cached * price.cached
    return (dollars + call.completion_tokens * price.completion) / _MILLION


def with_costs(usage: Usage, on: date, prices: Iterable[Price]) -> Usage:
    known = tuple(prices)
    log = tuple(replace(call, cost=_rounded(cost_of(call, on, known))) for call in usage.log)
    return replace(usage, log=log, cost=round(sum(call.cost or 0.0 for call in log), 8))


def judge_spending(spent: Spent, limits: Limits) -> Verdict:
    """The limit that is most used up decides."""
    spans = (
        ("this conversation", spent.conversation, limits.conversation),
        ("today", spent.day, limits.day),
        ("this month", spent.month, limits.month),
    )
    limited = [(_share(used, limit), span, used, limit) for span, used, limit in spans if limit is not None]
    share, span, used, limit = max(limited, default=(Decimal(0), "", Decimal(0), Decimal(0)))
    said = f"{used:.2f} of {limit:.2f} US dollars for {span} are spent"
    if share >= 1:
        return Verdict(Thrift.OFFLINE, f"No model was asked: {said}.")
    if share >= SHARE_TO_BE_FRUGAL:
        return Verdict(Thrift.FRUGAL, f"Models are used sparingly: {said}.")
    return Verdict(Thrift.FULL)


def _price_of(model: str, on: date, prices: Iterable[Price]) -> Price | None:
    """The longest name that the model's begins with, and of its prices the latest that already holds."""
    fitting = [price for price in prices if _is_named(model, price.model) and price.since <= on]
    return max(fitting, key=lambda price: (len(price.model), price.since), default=None)


def _is_named(model: str, name: str) -> bool:
    """gpt-4o-2024-11-20 is a gpt-4o, gpt-4o-mini is a model of its own only when it is listed."""
    return model == name or model.startswith(f"{name}-")


def _share(used: Decimal, limit: Decimal) -> Decimal:
    return used / limit if limit else Decimal(1)


def _rounded(cost: Decimal | None) -> float | None:
    return None if cost is None else round(float(cost), 8)
