"""The product analyst: the text of a product's page as features, benefits and unique points, for a campaign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, Field, StringConstraints

from agents.reasoning.selection import ask_model

if TYPE_CHECKING:
    from agents.reasoning.ports import ModelSettings, Usage

Point = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class ProductProfile(BaseModel):
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    summary: str = Field(max_length=600)
    features: list[Point] = Field(max_length=8)
    benefits: list[Point] = Field(max_length=8)
    unique_points: list[Point] = Field(max_length=8)
    audience: list[Point] = Field(max_length=5)
    price: str | None = Field(max_length=80)


def analyse_product(
    page: str, *, workspace_name: str, language: str, settings: ModelSettings | None, budget_seconds: float
) -> tuple[ProductProfile, Usage]:
    """Raises AnalystUnavailable: then a marketer describes the product."""
    inputs = {"page": page, "workspace": workspace_name or "the company", "language": language}
    return ask_model("product", inputs, ProductProfile, settings=settings, budget_seconds=budget_seconds)
