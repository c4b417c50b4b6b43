"""Which analyst answers: an explicit wish never reaches a model; else the crew; else, always, the offline analyst."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from agents.reasoning.cascade import hear
from agents.reasoning.offline import OfflineAnalyst
from agents.reasoning.ports import Analysis, AnalystUnavailable, Failure, ModelSettings, Question, Usage

if TYPE_CHECKING:
    from pydantic import BaseModel

    from agents.reasoning.crew import CrewAnalyst

logger = logging.getLogger(__name__)
LEAST_BUDGET_SECONDS = 1.0
"""With less than this left no model is asked: it would be cut off."""
Result = TypeVar("Result")
Shape = TypeVar("Shape", bound="BaseModel")
_OFFLINE = OfflineAnalyst()
_crews: dict[ModelSettings, Future[CrewAnalyst]] = {}
_loader = ThreadPoolExecutor(1, thread_name_prefix="analyst-loader")
_lock = threading.Lock()


def analyse(question: Question, *, settings: ModelSettings | None, budget_seconds: float) -> Analysis:
    """Never raises and never takes much longer than `budget_seconds`."""
    heard = question.heard or hear(question.text, history=question.history)
    question, explicit = replace(question, heard=heard), heard.explicit
    if explicit.opt_out or explicit.wants_human or explicit.opt_in:
        return _OFFLINE.analyse(question)
    if settings is None:
        return _answer_offline(question, AnalystUnavailable(Failure.NOT_CONFIGURED))
    try:
        return _ask_crew(question, settings, budget_seconds)
    except AnalystUnavailable as unavailable:
        return _answer_offline(question, unavailable)


def ask_model(
    name: str, inputs: Mapping[str, str], answer: type[Shape], *, settings: ModelSettings | None, budget_seconds: float
) -> tuple[Shape, Usage]:
    """One answer to `prompts/<name>.yaml`, its slots filled with `inputs`, valid in the shape asked for.

    Bounded by the budget, with one second chance inside it. Raises AnalystUnavailable, whose `usage` says what was
    spent all the same; the caller then does without a model.
    """
    if settings is None:
        raise AnalystUnavailable(Failure.NOT_CONFIGURED)
    return _within(
        budget_seconds, settings, lambda crew, seconds: crew.ask(name, inputs, answer, budget_seconds=seconds)
    )


def warm_up(settings: ModelSettings) -> None:
    """Starts the import and the first crew (some seconds of CPU) before a customer waits for them; returns at once."""
    _opening(settings)


def _ask_crew(question: Question, settings: ModelSettings, budget_seconds: float) -> Analysis:
    return _within(budget_seconds, settings, lambda crew, seconds: crew.analyse(question, budget_seconds=seconds))


def _within(budget_seconds: float, settings: ModelSettings, ask: Callable[[CrewAnalyst, float], Result]) -> Result:
    """The wait for the crew is part of the budget."""
    if budget_seconds < LEAST_BUDGET_SECONDS:
        raise AnalystUnavailable(Failure.TIMEOUT, "the time was spent waiting for a place to think")
    deadline = time.monotonic() + budget_seconds
    crew = _crew_for(settings, budget_seconds)
    return ask(crew, deadline - time.monotonic())


def _answer_offline(question: Question, unavailable: AnalystUnavailable) -> Analysis:
    if unavailable.reason is not Failure.NOT_CONFIGURED:
        logger.warning("reasoning.fell_back", extra={"reason": str(unavailable)})
    analysis = _OFFLINE.analyse(question)
    usage = unavailable.usage + analysis.usage
    return replace(analysis, usage=usage, fallback_reason=str(unavailable.reason))


def _crew_for(settings: ModelSettings, budget_seconds: float) -> CrewAnalyst:
    """The first caller's budget bounds its wait for the import; the crew is there for a later one."""
    try:
        return _opening(settings).result(timeout=budget_seconds)
    except StillRunning:
        raise AnalystUnavailable(Failure.TIMEOUT, "the analysts are still being loaded") from None
    except ImportError as error:
        raise AnalystUnavailable(Failure.NOT_INSTALLED, str(error)) from error
    except Exception as error:  # whatever a third party's import does, customers are answered
        raise AnalystUnavailable(Failure.NOT_INSTALLED, f"{type(error).__name__}: {error}") from error


def _opening(settings: ModelSettings) -> Future[CrewAnalyst]:
    with _lock:
        if settings not in _crews:
            _crews[settings] = _loader.submit(_open_crew, settings)
        return _crews[settings]


def _open_crew(settings: ModelSettings) -> CrewAnalyst:
    from agents.reasoning.crew import CrewAnalyst

    analyst = CrewAnalyst(settings)
    analyst.warm_up()
    hear("hello")  # the phrase books are compiled on first use: a second of CPU
    return analyst
