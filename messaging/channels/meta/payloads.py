"""The shape of everything that Meta tells: ids and times as numbers or text, new fields without notice. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from messaging.incoming import UnreadablePayload

Json = dict[str, Any]


class UnreadableUpdate(UnreadablePayload):
    """The update lacks what makes it one, or has it wrong; the text names the field."""


class Part(BaseModel):
    """Ids and times come as numbers or as text; a field that is null is one that is not there."""

    model_config = ConfigDict(
        frozen=True, extra="allow", coerce_numbers_to_str=True, populate_by_name=True, allow_inf_nan=False
    )


Model = TypeVar("Model", bound=Part)


def instant(value: object) -> object:
    try:
        return datetime.fromtimestamp(int(str(value)), UTC)
    except (ValueError, OverflowError, OSError):
        raise ValueError("is no time in seconds") from None


def blank(value: object) -> object:
    return "" if value is None else value


Instant = Annotated[datetime, BeforeValidator(instant)]
Word = Annotated[str, BeforeValidator(blank)]


def read(model: type[Model], content: Any) -> Model:
    """Raises UnreadableUpdate."""
    try:
        return model.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        problems = "; ".join(f"{'.'.join(str(part) for part in one['loc'])}: {one['msg']}" for one in found)
        raise UnreadableUpdate(problems[:1000]) from None
