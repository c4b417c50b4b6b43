"""Prompts from prompts/*.yaml, filled with what an analyst may know. What came from outside is fenced."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path

from agents.reasoning.phrasebook import read_words
from agents.reasoning.ports import Question, Reading, Voice

FOLDER = Path(__file__).parent / "prompts"
LONGEST_MESSAGE = 4000
LONGEST_LINE = 600
LONGEST_PROFILE = 2000
_SLOT = re.compile(r"\{(\w+)\}")
_SPEAKERS = {Voice.CUSTOMER: "customer", Voice.AGENT: "assistant", Voice.HUMAN: "our colleague"}


@dataclass(frozen=True, slots=True)
class Prompt:
    version: str
    role: str
    goal: str
    backstory: str
    expected_output: str
    task: str
    repair: str


@cache
def prompt(name: str) -> Prompt:
    return Prompt(**read_words(FOLDER / f"{name}.yaml"))


@cache
def prompts_version() -> str:
    return f"intent {prompt('intent').version}, strategy {prompt('strategy').version}"


def ask_for_reading(question: Question) -> str:
    return _fill(prompt("intent").task, **_common(question))


def ask_for_strategy(question: Question, reading: Reading) -> str:
    return _fill(
        prompt("strategy").task,
        **_common(question),
        language=reading.language,
        customer=_fence(", ".join(filter(None, (question.lead_name, question.company))) or "unknown"),
        reading=_fence(_in_words(reading)),
        today=f"{question.now:%A, %d %B %Y}",
        sources=_sources(question),
    )


def ask_again(name: str, request: str, *, flaw: str, schema: str) -> str:
    return _fill(prompt(name).repair, request=request, flaw=flaw, schema=schema)


def _fill(template: str, **slots: str) -> str:
    """In one pass, so that a brace typed by a customer is never a slot."""
    return _SLOT.sub(lambda slot: slots.get(slot[1], slot[0]), template)


def _common(question: Question) -> dict[str, str]:
    return {
        "workspace": _fence(question.workspace_name) or "the company",
        "business": _fence(question.business[:LONGEST_PROFILE]),
        "history": "\n".join(_history(question)) or "(this is the first message)",
        "message": _fence(question.text[:LONGEST_MESSAGE]),
    }


def _history(question: Question) -> list[str]:
    return [f"{_speaker(line.voice)}: {_fence(line.body[:LONGEST_LINE])}" for line in question.history]


def _speaker(voice: str) -> str:
    return next((name for known, name in _SPEAKERS.items() if known == voice), "system")


def _sources(question: Question) -> str:
    entries = (
        f'<source id="{source.id}">\n{_fence(source.title)}\n{_fence(source.text)}\n</source>'
        for source in question.sources
    )
    return "\n".join(entries) or "(nothing was found)"


def _in_words(reading: Reading) -> str:
    return (
        f"{reading.summary} (intent {reading.intent}, sentiment {reading.sentiment:+.1f}, "
        f"urgency {reading.urgency}, priority {reading.priority})"
    )


def _fence(text: str) -> str:
    """No angle bracket survives to close the fence, and no lone surrogate, which JSON cannot carry."""
    return escape(text, quote=False).replace("\x00", "").encode("utf-8", "replace").decode()
