"""Which analyst answers: an explicit wish never reaches a model; else the crew; else, always, the offline analyst."""

from __future__ import annotations

import logging
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from dataclasses import replace

from agents.reasoning.breaker import Breaker
from agents.reasoning.explicit import read_explicit
from agents.reasoning.offline import OfflineAnalyst
from agents.reasoning.ports import Analysis, Analyst, AnalystUnavailable, Failure, ModelSettings, Question, Usage

logger = logging.getLogger(__name__)
LEAST_BUDGET_SECONDS = 1.0
"""With less than this left no model is asked: it would be cut off."""
_OFFLINE = OfflineAnalyst()
# The model answers, only not to this message: no reason to leave it alone.
_ABOUT_THE_MESSAGE = frozenset({Failure.REFUSED, Failure.CUT_OFF})
_breakers: dict[str, Breaker] = {}
_crews: dict[ModelSettings, Future[Analyst]] = {}
_loader = ThreadPoolExecutor(1, thread_name_prefix="analyst-loader")
_lock = threading.Lock()


def analyse(question: Question, *, settings: ModelSettings | None, budget_seconds: float) -> Analysis:
    """Never raises and never takes much longer than `budget_seconds`."""
    explicit = read_explicit(question.text)
    if explicit.opt_out or explicit.wants_human or explicit.opt_in:
        return _OFFLINE.analyse(question)
    if settings is None:
        return _answer_offline(question, AnalystUnavailable(Failure.NOT_CONFIGURED))
    try:
        return _ask_crew(question, settings, budget_seconds)
    except AnalystUnavailable as unavailable:
        return _answer_offline(question, unavailable)


def breaker_for(base_url: str) -> Breaker:
    """One per process and endpoint."""
    with _lock:
        return _breakers.setdefault(base_url, Breaker())


def warm_up(settings: ModelSettings) -> None:
    """Starts the import and the first crew (some seconds of CPU) before a customer waits for them; returns at once."""
    _opening(settings)


def _ask_crew(question: Question, settings: ModelSettings, budget_seconds: float) -> Analysis:
    if budget_seconds < LEAST_BUDGET_SECONDS:
        raise AnalystUnavailable(Failure.TIMEOUT, "the time was spent waiting for a place to think")
    deadline = time.monotonic() + budget_seconds
    breaker = breaker_for(settings.base_url)
    crew = _crew_for(settings, budget_seconds)
    if not breaker.allows(time.monotonic()):
        raise AnalystUnavailable(Failure.BREAKER_OPEN)
    try:
        analysis = crew.analyse(question, budget_seconds=deadline - time.monotonic())
    except AnalystUnavailable as unavailable:
        _note_failure(breaker, unavailable)
        raise
    breaker.record_success()
    return analysis


def _note_failure(breaker: Breaker, unavailable: AnalystUnavailable) -> None:
    if unavailable.reason in _ABOUT_THE_MESSAGE:
        breaker.record_success()
    else:
        breaker.record_failure(time.monotonic(), retry_after=unavailable.retry_after)


def _answer_offline(question: Question, unavailable: AnalystUnavailable) -> Analysis:
    if unavailable.reason is not Failure.NOT_CONFIGURED:
        logger.warning("reasoning.fell_back", extra={"reason": str(unavailable)})
    analysis = _OFFLINE.analyse(question)
    usage = _add(unavailable.usage, analysis.usage)
    return replace(analysis, usage=usage, fallback_reason=str(unavailable.reason))


def _add(failed: Usage, offline: Usage) -> Usage:
    return replace(failed, seconds=failed.seconds + offline.seconds)


def _crew_for(settings: ModelSettings, budget_seconds: float) -> Analyst:
    """The first caller's budget bounds its wait for the import; the crew is there for a later one."""
    try:
        return _opening(settings).result(timeout=budget_seconds)
    except StillRunning:
        raise AnalystUnavailable(Failure.TIMEOUT, "the analysts are still being loaded") from None
    except ImportError as error:
        raise AnalystUnavailable(Failure.NOT_INSTALLED, str(error)) from error
    except Exception as error:  # whatever a third party's import does, customers are answered
        raise AnalystUnavailable(Failure.NOT_INSTALLED, f"{type(error).__name__}: {error}") from error


def _opening(settings: ModelSettings) -> Future[Analyst]:
    with _lock:
        if settings not in _crews:
            _crews[settings] = _loader.submit(_open_crew, settings)
        return _crews[settings]


def _open_crew(settings: ModelSettings) -> Analyst:
    from agents.reasoning.crew import CrewAnalyst

    analyst = CrewAnalyst(settings)
    analyst.warm_up()
    return analyst
