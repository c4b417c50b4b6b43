"""`manage.py analyse --jsonl < in > out`: what the analyst makes of messages, one JSON object a line."""

import json
import sys
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from agents.primary.settings import model_settings
from agents.reasoning.cascade import hear
from agents.reasoning.ports import Question, Reading
from agents.reasoning.rules import read_offline
from agents.reasoning.selection import analyse
from project.kernel import clock

FULL_BUDGET_SECONDS = 10.0


class Unusable(ValueError):
    """What is wrong with a line."""


class Command(BaseCommand):
    help = 'Read lines of {"text": …, "lang"?: …} and write each back with what it means. Bad lines get an "error".'

    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--jsonl", action="store_true", help="Lines of JSON on both sides (the only form there is)."
        )
        parser.add_argument(
            "--tier", choices=["offline", "full"], default="offline",
            help="offline: exact, rules and trained; full: the crew too, where a model is configured.",
        )  # fmt: skip

    def handle(self, *args: Any, tier: str, **options: Any) -> None:
        read = _read_offline if tier == "offline" else _read_fully
        for line in sys.stdin.buffer:
            if line.strip():
                self.stdout.write(json.dumps(_answer(line, read), ensure_ascii=True))


def _answer(line: bytes, read: Callable[[Question], Reading]) -> dict[str, Any]:
    given: Any = None
    try:
        given = _parsed(line)
        return {**given, **_told(read(_question(given)))}
    except Unusable as error:
        known = given if isinstance(given, dict) else {"line": line.decode("utf-8", "replace").strip()[:200]}
        return {**known, "error": str(error)}


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        given = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"not JSON: {error}") from error
    if not isinstance(given, dict):
        raise Unusable(f"expected an object, got {type(given).__name__}")
    return given


def _question(given: dict[str, Any]) -> Question:
    text, language = given.get("text"), given.get("lang")
    if not isinstance(text, str):
        raise Unusable(f"text: expected a string, got {type(text).__name__}")
    if language is not None and not isinstance(language, str):
        raise Unusable(f"lang: expected a string, got {type(language).__name__}")
    return Question(text=text, now=clock.now(), language=language or None, heard=hear(text))


def _read_offline(question: Question) -> Reading:
    return read_offline(question)


def _read_fully(question: Question) -> Reading:
    return analyse(question, settings=model_settings(), budget_seconds=FULL_BUDGET_SECONDS).reading


def _told(reading: Reading) -> dict[str, Any]:
    return {
        "intent": reading.intent,
        "wants_human": reading.wants_human,
        "opt_out": reading.opt_out,
        "priority": reading.priority,
        "sentiment": reading.sentiment,
        "urgency": reading.urgency,
        "language": reading.language,
        "confidence": reading.confidence,
        "tier": reading.tier,
        "route": reading.route,
    }
