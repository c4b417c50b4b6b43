"""What a visitor's page sends us, read strictly; and the raw event that we keep of it."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationError

from messaging.incoming import storable

from .checks import MAX_TEXT

MAX_BODY: Final = 64 * 1024
"""Bytes of one request: the longest text in JSON's longest spelling, and room to spare."""

Model = TypeVar("Model", bound=BaseModel)


class UnreadableRequest(Exception):
    """`problem` says which value is wrong and why, in words for whoever wrote the page."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


def _storable(value: object) -> object:
    # What PostgreSQL's text cannot hold is replaced, not refused: half an emoji is what a cut text ends with.
    return storable(value) if isinstance(value, str) else value


def _written(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text


ClientId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{8,64}$")]
Text = Annotated[str, StringConstraints(max_length=MAX_TEXT), AfterValidator(_written), BeforeValidator(_storable)]
ProfileName = Annotated[str, BeforeValidator(_storable), AfterValidator(lambda name: " ".join(name.split())[:80])]


class Said(BaseModel):
    """One message of a visitor. `id` is made by the page: the same id is the same message."""

    model_config = ConfigDict(frozen=True)

    id: ClientId
    text: Text
    name: ProfileName = ""


class Seen(BaseModel):
    """Messages that the page has received (`delivered`) or shown to somebody looking (`read`)."""

    model_config = ConfigDict(frozen=True)

    delivered: list[str] = Field(default=[], max_length=200)
    read: list[str] = Field(default=[], max_length=200)


class Hello(BaseModel):
    """The first frame on the socket."""

    model_config = ConfigDict(frozen=True)

    visitor: str
    after: int = Field(default=0, ge=0, lt=2**63)


class Frame(BaseModel):
    """Any frame on the socket; the rest of it is read by its type."""

    model_config = ConfigDict(extra="allow", frozen=True)

    type: Literal["hello", "say", "seen"]

    @property
    def content(self) -> dict[str, Any]:
        return self.model_extra or {}


class StoredMessage(BaseModel):
    """The body of the webhook event that carries a visitor's message to the applier."""

    visitor: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
    said: Said


def read_request(model: type[Model], body: bytes | str) -> Model:
    try:
        return read_object(model, json.loads(body))
    except (ValueError, RecursionError):
        raise UnreadableRequest("The body is not JSON.") from None


def read_object(model: type[Model], value: Any) -> Model:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise UnreadableRequest(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    problem = error.errors(include_url=False, include_input=False)[0]
    if not problem["loc"]:
        return "The body is not a JSON object."
    name = ".".join(str(part) for part in problem["loc"])
    return f"{name}: {problem['msg'].removeprefix('Value error, ')}"
