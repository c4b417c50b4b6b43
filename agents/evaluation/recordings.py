"""Recorded conversations: what customers wrote, what a scripted model would answer, and what must come of it.

One YAML file a conversation; docs/evaluation.md explains the format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from project.kernel.errors import WrongValues

Mode = Literal["none", "scripted", "real"]


class Strict(BaseModel):
    """A misspelt expectation would otherwise expect nothing, for ever."""

    model_config = ConfigDict(extra="forbid")


class Knowledge(Strict):
    question: str
    answer: str
    language: str = ""


class Person(Strict):
    name: str = ""
    company: str = ""
    language: str = ""
    is_vip: bool = False


class Company(Strict):
    name: str = "Acme"
    business: str = ""


class Script(Strict):
    """What the model says in this turn: fields laid over an answer that says nothing, or how it fails."""

    reading: dict[str, Any] = {}
    strategy: dict[str, Any] = {}
    extraction: dict[str, Any] = {}
    answers: dict[str, dict[str, Any]] = {}
    """For prompts that are not named here, by their name."""
    fault: Literal["", "error", "garbage", "slow"] = ""


class Expectation(Strict):
    """What is left out is not looked at. `cites` are questions of the knowledge; an empty list means none."""

    step: str | None = None
    trigger: str | None = None
    intent: list[str] | None = None
    tier: str | None = None
    language: str | None = None
    cites: list[str] | None = None
    says: list[str] = []
    never_says: list[str] = []
    asks_for: str | None = None
    alerts: bool | None = None

    @field_validator("intent", "says", "never_says", mode="before")
    @classmethod
    def one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class RecordedTurn(Strict):
    customer: list[str]
    after_minutes: float = 1
    event: Literal["", "taken_over", "returned", "resolved"] = ""
    model: Script = Script()
    expect: Expectation = Expectation()

    @field_validator("customer", mode="before")
    @classmethod
    def one_or_many(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value


class Recording(Strict):
    name: str = ""
    title: str
    model: Literal["none", "scripted"] = "none"
    company: Company = Company()
    lead: Person = Person()
    knowledge: list[Knowledge] = []
    turns: list[RecordedTurn] = Field(min_length=1)
    facts: dict[str, str] = {}
    """Facts that the lead must have in the end."""
    no_facts: list[str] = []
    """Facts that must not have been learned."""


def read_suite(folder: Path) -> list[Recording]:
    """Every *.yaml of the folder, by name. Raises WrongValues naming the file and what is wrong with it."""
    if not folder.is_dir():
        raise WrongValues({"--suite": f"“{folder}” is not a folder"})
    files = sorted(folder.glob("*.yaml"))
    if not files:
        raise WrongValues({"--suite": f"there is no *.yaml in “{folder}”"})
    return [read_recording(path) for path in files]


def read_recording(path: Path) -> Recording:
    try:
        content = yaml.safe_load(path.read_text("utf-8"))
        recording = Recording.model_validate(content)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongValues({path.name: f"is not YAML: {' '.join(str(error).split())[:200]}"}) from error
    except ValidationError as error:
        flaw = error.errors()[0]
        raise WrongValues({path.name: f"{'.'.join(map(str, flaw['loc']))}: {flaw['msg']}"}) from error
    return recording.model_copy(update={"name": path.stem})
