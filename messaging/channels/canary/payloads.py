"""What the canary says and reports, read strictly."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from .checks import MAX_TEXT


class Said(BaseModel):
    """The message of one run."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    run: Annotated[int, Field(gt=0, lt=2**63)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=MAX_TEXT)]


class Reported(BaseModel):
    """What became of a message of ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    message: UUID
    status: Literal["delivered"]
