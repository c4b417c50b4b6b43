"""The settings of channels: the types that several kinds use, and how a form or a document describes them. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict


class ChannelSettings(BaseModel):
    """Every value is text as an operator types it. A field's title and description are what they read beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def _token(value: str) -> str:
    if not value or not value.isascii() or not value.isprintable() or " " in value:
        raise ValueError("must be a non-empty token without spaces")
    return value


def base_url(value: str) -> str:
    try:
        parts = urlsplit(value)
        is_base = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_base = False
    if not is_base or any(character.isspace() for character in value):
        raise ValueError("must be an http or https address")
    if parts.query or parts.fragment or parts.username:
        raise ValueError("must not carry a query, a fragment or a login")
    return value.rstrip("/")


def _rate(value: str) -> str:
    try:
        number = float(value)
    except ValueError:
        number = -1
    if not 0 <= number <= 10_000:
        raise ValueError("must be a number from 0 (no limit) to 10000")
    return f"{number:g}"


def _reach_limit(value: str) -> str:
    word = value.strip().lower()
    if word != UNLIMITED and not (word.isascii() and word.isdigit() and 1 <= int(word) <= 10_000_000):
        raise ValueError("must be a number of people, or unlimited")
    return word


UNLIMITED = "unlimited"

Token = Annotated[str, AfterValidator(_token)]
BaseUrl = Annotated[str, AfterValidator(base_url)]
Rate = Annotated[str, AfterValidator(_rate)]
ReachLimit = Annotated[str, AfterValidator(_reach_limit)]


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as a form shows it. `rows` is more than 1 for a text of several lines; `choices`: nothing else."""

    name: str
    label: str
    help: str
    is_required: bool
    is_secret: bool
    rows: int
    choices: tuple[str, ...] = ()


def settings_in(model: type[BaseModel], secret_fields: frozenset[str]) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        extra: Any = field.json_schema_extra or {}
        yield Setting(
            name=name,
            label=field.title or name.replace("_", " ").capitalize(),
            help=field.description or "",
            is_required=field.is_required(),
            is_secret=name in secret_fields,
            rows=extra.get("rows", 1),
            choices=tuple(extra.get("choices", ())),
        )
