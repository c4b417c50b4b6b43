"""Prompts from prompts/*.yaml, filled with what an analyst may know. What came from outside is fenced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from html import escape
from itertools import accumulate
from pathlib import Path

from agents.reasoning.phrasebook import read_words
from agents.reasoning.ports import Question, Reading, Strategy, Voice

FOLDER = Path(__file__).parent / "prompts"
LONGEST_MESSAGE = 4000
LONGEST_LINE = 600
LONGEST_PROFILE = 2000
LONGEST_SOURCE = 8000
LONGEST_SOURCES = 24_000
LONGEST_INPUT = 16_000
REPAIR = """{request}

Your previous answer could not be used: {flaw}. Answer again with one complete JSON object that fits this schema, and
nothing else:
{schema}"""
MANNERS = {
    "": ("friendly and plain, as in a chat", 90),
    "sms_twilio": ("friendly and very short, as in a text message; no emoji", 40),
    "email": ("friendly and complete, as in a short e-mail with a greeting, no subject line", 180),
    "voice": ("spoken aloud: short sentences, no lists, no addresses of web pages", 50),
}
"""The tone of a channel and the most words that suit it. Whatever is not listed is a chat."""
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
    repair: str = REPAIR


@cache
def prompt(name: str) -> Prompt:
    return Prompt(**read_words(FOLDER / f"{name}.yaml"))


@cache
def prompts_version(*names: str) -> str:
    """With the hash of the text: a version that somebody forgot to raise still shows."""
    return ", ".join(f"{name} {prompt(name).version} ({_hash(name)})" for name in names)


def _hash(name: str) -> str:
    return sha256((FOLDER / f"{name}.yaml").read_bytes()).hexdigest()[:8]


def ask_for(name: str, inputs: Mapping[str, str]) -> str:
    """The task of any prompt. All inputs are fenced: whoever asks may pass on a customer's words as they are."""
    template = prompt(name).task
    if missing := set(_SLOT.findall(template)) - set(inputs):
        raise ValueError(f"prompt {name!r} also needs {sorted(missing)}")
    return _fill(template, **{slot: _fence(text[:LONGEST_INPUT]) for slot, text in inputs.items()})


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
        missing=question.missing.replace("_", " ") or "nothing",
        tools=_tools(question),
        results=_results(question),
        flaws=_flaws(question),
    )


def ask_for_reply(question: Question, reading: Reading, plan: Strategy) -> str:
    tone, words = MANNERS.get(question.channel, MANNERS[""])
    return _fill(
        prompt("reply").task,
        **_common(question),
        language=reading.language,
        customer=_fence(question.lead_name or "unknown"),
        reading=_fence(_in_words(reading)),
        purpose=_fence(f"{plan.action}: {plan.reason}"),
        draft=_fence(plan.reply or ""),
        tone=tone,
        words=str(words),
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
        "canary": question.canary or "none",
    }


def _history(question: Question) -> list[str]:
    return [f"{_speaker(line.voice)}: {_fence(line.body[:LONGEST_LINE])}" for line in question.history]


def _speaker(voice: str) -> str:
    return next((name for known, name in _SPEAKERS.items() if known == voice), "system")


def _sources(question: Question) -> str:
    """The best first, as many as fit: what one call may cost is bounded."""
    entries = [
        f'<source id="{source.id}">\n{_fence(source.title)}\n{_fence(source.text[:LONGEST_SOURCE])}\n</source>'
        for source in question.sources
    ]
    sizes = accumulate(map(len, entries))
    fitting = [entry for entry, size in zip(entries, sizes, strict=True) if size <= LONGEST_SOURCES]
    return "\n".join(fitting) or "(nothing was found)"


def _tools(question: Question) -> str:
    offered = (f"- {tool.name}: {_fence(tool.description)} Inputs: {tool.schema}" for tool in question.tools)
    return "\n".join(offered) or "(none)"


def _results(question: Question) -> str:
    found = (f'<result tool="{_fence(result.name)}">\n{_fence(result.text)}\n</result>' for result in question.results)
    return "\n".join(found) or "(no tool was asked yet)"


def _flaws(question: Question) -> str:
    if not question.flaws:
        return ""
    return "Your previous reply could not be sent: " + "; ".join(map(_fence, question.flaws)) + ". Write another one."


def _in_words(reading: Reading) -> str:
    return (
        f"{reading.summary} (intent {reading.intent}, sentiment {reading.sentiment:+.1f}, "
        f"urgency {reading.urgency}, priority {reading.priority})"
    )


def _fence(text: str) -> str:
    """No angle bracket survives to close the fence, and no lone surrogate, which JSON cannot carry."""
    return escape(text, quote=False).replace("\x00", "").encode("utf-8", "replace").decode()
