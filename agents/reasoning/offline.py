"""The offline analyst: phrases, the workspace's own knowledge, fixed wording. Always there; it never invents."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from agents.reasoning.cascade import hear
from agents.reasoning.ports import (
    Action,
    Analysis,
    Intent,
    Question,
    Reading,
    Strategy,
    Tier,
    Usage,
    Voice,
)
from agents.reasoning.rules import gives_thanks, greets, read_offline
from agents.reasoning.wording import is_saying, say

BEYOND_KNOWLEDGE = "a question beyond knowledge"
_LINES_REMEMBERED = 8


class OfflineAnalyst:
    """`budget_seconds` is never reached: an analysis takes about a millisecond."""

    def analyse(self, question: Question, *, budget_seconds: float = 1.0) -> Analysis:
        started = time.perf_counter()
        if question.heard is None:
            question = replace(question, heard=hear(question.text, history=question.history))
        reading = read_offline(question)
        strategy = choose_strategy(question, reading)
        usage = Usage(seconds=time.perf_counter() - started)
        return Analysis(reading, strategy, Tier.OFFLINE, usage)


def choose_strategy(question: Question, reading: Reading) -> Strategy:
    perhaps = question.heard.explicit.perhaps if question.heard else ""
    if perhaps and not reading.wants_human and not reading.opt_out:
        return _ask_back(perhaps)(question, reading)
    fixed = _FIXED.get(reading.intent)
    if fixed is not None:
        return fixed(question, reading)
    if question.sources and reading.intent not in _CHATTER:
        return _quote_knowledge(question, reading)
    return _WITHOUT_KNOWLEDGE.get(reading.intent, _ask_once)(question, reading)


def _say(key: str, question: Question, reading: Reading) -> str:
    return say(key, language=reading.language, name=question.lead_name, workspace=question.workspace_name)


def _reply(key: str, reason: str, *, escalate: bool = False) -> Callable[[Question, Reading], Strategy]:
    def reply(question: Question, reading: Reading) -> Strategy:
        text = _say(key, question, reading)
        return Strategy(Action.REPLY, text, reason, escalate=escalate, confidence=reading.confidence)

    return reply


def _ask(key: str, reason: str, *, escalate: bool = False) -> Callable[[Question, Reading], Strategy]:
    def ask(question: Question, reading: Reading) -> Strategy:
        text = _say(key, question, reading)
        return Strategy(Action.ASK, text, reason, escalate=escalate, confidence=reading.confidence)

    return ask


def _hand_over(reason: str) -> Callable[[Question, Reading], Strategy]:
    def hand_over(question: Question, reading: Reading) -> Strategy:
        return Strategy(Action.HAND_OVER, None, reason, escalate=True, confidence=reading.confidence)

    return hand_over


def _stay_silent(question: Question, reading: Reading) -> Strategy:
    return Strategy(Action.STAY_SILENT, None, "the customer opted out", confidence=reading.confidence)


def _say_nothing(question: Question, reading: Reading) -> Strategy:
    return Strategy(Action.STAY_SILENT, None, "unsolicited advertising is not answered", confidence=reading.confidence)


def _quote_knowledge(question: Question, reading: Reading) -> Strategy:
    source = question.sources[0]
    opens = not question.history and greets(question.text, reading.language)
    opening = f"{_say('salutation', question, reading)} " if opens else ""
    return Strategy(
        action=Action.REPLY,
        reply=f"{opening}{source.text.strip()}",
        reason=f"answered from knowledge: {source.title.strip()[:120]}",
        cited=(source.id,),
        escalate=reading.intent is Intent.PURCHASE_INTENT,
        confidence=reading.confidence,
    )


def _ask_once(question: Question, reading: Reading) -> Strategy:
    if _has_asked(question):
        return _hand_over(BEYOND_KNOWLEDGE)(question, reading)
    return _ask("clarify", "nothing in the knowledge answers this; asked what is meant")(question, reading)


def _has_asked(question: Question) -> bool:
    recent = question.history[-_LINES_REMEMBERED:]
    return any(line.voice != Voice.CUSTOMER and is_saying(line.body, "clarify") for line in recent)


def _ask_back(perhaps: str) -> Callable[[Question, Reading], Strategy]:
    """A likely wish: asking costs one sentence, a wrong guess a customer."""
    if perhaps == Intent.OPT_OUT:
        return _ask("offer_opt_out", "perhaps wants no more messages: asked")
    return _ask("offer_person", "perhaps wants a person: asked")


def _greet(question: Question, reading: Reading) -> Strategy:
    if any(line.voice == Voice.AGENT for line in question.history[-_LINES_REMEMBERED:]):
        return _reply("small_talk", "greeted again")(question, reading)
    return _ask("greeting", "greeted, and asked what is needed")(question, reading)


def _answer_small_talk(question: Question, reading: Reading) -> Strategy:
    if gives_thanks(question.text, reading.language):
        return _reply("thanks", "answered thanks")(question, reading)
    if not question.history:
        return _ask("greeting", "greeted, and asked what is needed")(question, reading)
    return _reply("small_talk", "answered small talk")(question, reading)


_CHATTER = frozenset({Intent.GREETING, Intent.SMALL_TALK})
_FIXED: dict[Intent, Callable[[Question, Reading], Strategy]] = {
    Intent.OPT_OUT: _stay_silent,
    Intent.HUMAN_REQUEST: _hand_over("the customer asked for a person"),
    Intent.OPT_IN: _reply("opted_in", "the customer opted in again"),
    Intent.BOT_CHALLENGE: _reply("bot_challenge", "said honestly that this is an assistant"),
    Intent.COMPLAINT: _reply("complaint", "apologised for the complaint and told the team", escalate=True),
    Intent.ABUSE: _reply("abuse", "stayed calm under abuse"),
    Intent.SPAM: _say_nothing,
    Intent.GREETING: _greet,
    Intent.SMALL_TALK: _answer_small_talk,
}
_WITHOUT_KNOWLEDGE: dict[Intent, Callable[[Question, Reading], Strategy]] = {
    Intent.PURCHASE_INTENT: _ask("purchase", "wants to buy: told the team, asked what", escalate=True),
    Intent.BOOKING: _ask("booking", "wants an appointment: told the team, asked when", escalate=True),
    Intent.REFUND: _hand_over("a refund needs a person's authority"),
    Intent.CANCELLATION: _hand_over("a cancellation needs a person's authority"),
}
