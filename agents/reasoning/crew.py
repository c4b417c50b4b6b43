"""The analysts at work: an intent analyst, a strategy analyst, and a seat for every other question with a prompt.

What CrewAI is asked to do, and what of it is replaced, is in crew_seat.py.
"""

from __future__ import annotations

import json
import queue
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from pydantic import BaseModel

from agents.reasoning.answers import (
    BLANK,
    ReadingAnswer,
    ReplyAnswer,
    StrategyAnswer,
    parse_answer,
    schema_of,
    to_reading,
    to_reply,
    to_strategy,
)
from agents.reasoning.breaker import Breaker
from agents.reasoning.chat import Allowance, Meter, Request
from agents.reasoning.crew_seat import Seat
from agents.reasoning.ports import (
    CACHED,
    Action,
    Analysis,
    AnalystUnavailable,
    Failure,
    ModelSettings,
    Question,
    Reading,
    Strategy,
    Tier,
    Usage,
)
from agents.reasoning.prompting import (
    ask_again,
    ask_for,
    ask_for_reading,
    ask_for_reply,
    ask_for_strategy,
    prompts_version,
)
from agents.reasoning.providers import BAD_ANSWER, ProviderList
from agents.reasoning.reading_cache import ReadingCache

GRACE_SECONDS = 0.25
"""Beyond the budget, for a call that drips: its bytes keep resetting the client's own time-out."""
MOST_AT_ONCE = 32
PAUSE_SECONDS = 0.2
ENOUGH_FOR_A_SECOND_CHANCE = 0.3
ENOUGH_TO_WRITE = 1.5
"""Seconds. With less left the strategy analyst's draft is sent as it is."""
_PASSING = frozenset({Failure.UNREACHABLE, Failure.RATE_LIMITED})

Result = TypeVar("Result")
Shape = TypeVar("Shape", bound=BaseModel)
Ask = Callable[[Request, Allowance], BaseModel]
_ANALYSIS = ("intent", "strategy", "reply")


class CrewAnalyst:
    """Safe to share between threads; each analysis has a desk of its own, and desks are used again."""

    def __init__(self, settings: ModelSettings) -> None:
        self._settings = settings
        self._providers = ProviderList(settings)
        self._readings = ReadingCache()
        self._desks: queue.LifoQueue[_Desk] = queue.LifoQueue()
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="analyst")

    @property
    def breakers(self) -> list[Breaker]:
        """In the order of the endpoints."""
        return self._providers.breakers

    def analyse(self, question: Question, *, budget_seconds: float) -> Analysis:
        (reading, strategy), usage = self._within(
            budget_seconds, _ANALYSIS, lambda desk, allowance: desk.analyse(question, allowance)
        )
        return Analysis(reading, strategy, Tier.CREW, usage)

    def ask(
        self, name: str, inputs: Mapping[str, str], shape: type[Shape], *, budget_seconds: float
    ) -> tuple[Shape, Usage]:
        """Any other question: the prompt of that name, filled with `inputs`, answered in that shape."""
        request = ask_for(name, inputs)
        return self._within(budget_seconds, (name,), lambda desk, allowance: desk.ask(name, request, shape, allowance))

    def _within(
        self, budget_seconds: float, prompts: tuple[str, ...], work: Callable[[_Desk, Allowance], Result]
    ) -> tuple[Result, Usage]:
        started = time.monotonic()
        allowance = Allowance(started + budget_seconds, Meter())
        working = self._threads.submit(self._work, work, allowance)
        try:
            result = working.result(timeout=budget_seconds + GRACE_SECONDS)
        except StillRunning:
            working.cancel()
            self._providers.note_overdue(allowance)
            usage = _usage(allowance.meter, started, prompts)
            raise AnalystUnavailable(Failure.TIMEOUT, "the budget is used up", usage=usage) from None
        except AnalystUnavailable as unavailable:
            unavailable.usage = _usage(allowance.meter, started, prompts)
            raise
        except Exception as error:  # whatever goes wrong inside a third party's framework, customers are answered
            usage = _usage(allowance.meter, started, prompts)
            raise AnalystUnavailable(Failure.INVALID, type(error).__name__, usage=usage) from error
        return result, _usage(allowance.meter, started, prompts)

    def warm_up(self) -> None:
        """Builds the first desk and works at it without a model: crewai imports much of itself on first use."""
        with self._desk() as desk:
            desk.rehearse()

    def _work(self, work: Callable[[_Desk, Allowance], Result], allowance: Allowance) -> Result:
        with self._desk() as desk:
            return work(desk, allowance)

    @contextmanager
    def _desk(self) -> Iterator[_Desk]:
        try:
            desk = self._desks.get_nowait()
        except queue.Empty:
            desk = _Desk(self._providers.ask, self._readings, self._settings)
        try:
            yield desk
        finally:
            self._desks.put(desk)


class _Desk:
    """One seat for each prompt, made when it is first wanted; one analysis at a time."""

    def __init__(self, ask: Ask, readings: ReadingCache, settings: ModelSettings) -> None:
        self._line = _ModelLine(ask)
        self._readings = readings
        self._settings = settings
        self._seats: dict[tuple[str, type[BaseModel]], Seat] = {}

    def analyse(self, question: Question, allowance: Allowance) -> tuple[Reading, Strategy]:
        self._line.allowance = allowance
        patience = _Patience(allowance)
        reading = question.reading or self._read(question, patience)
        if reading.opt_out or reading.wants_human:
            return reading, _without_asking(reading)
        strategy = self._seat("strategy", StrategyAnswer)
        request = ask_for_strategy(question, reading)
        plan = patience.ask(strategy, request, lambda answer: to_strategy(answer, question))
        return reading, self._put_in_words(question, reading, plan, allowance)

    def _read(self, question: Question, patience: _Patience) -> Reading:
        """What many people write as their first words is read once."""
        if known := self._readings.find(question):
            patience.allowance.meter.note_cached("intent", self._settings)
            return known
        intent = self._seat("intent", ReadingAnswer)
        reading = patience.ask(intent, ask_for_reading(question), lambda answer: to_reading(answer, question))
        self._readings.keep(question, reading)
        return reading

    def _put_in_words(self, question: Question, reading: Reading, plan: Strategy, allowance: Allowance) -> Strategy:
        """The writer has no second chance: without its words the strategy analyst's own go out."""
        if not plan.reply or self._settings.is_frugal or allowance.seconds_left < ENOUGH_TO_WRITE:
            return plan
        try:
            answer = self._seat("reply", ReplyAnswer).answer(ask_for_reply(question, reading, plan))
            written = to_reply(answer, question, plan)
        except AnalystUnavailable:
            return plan
        return replace(plan, reply=written, draft=plan.reply)

    def ask(self, name: str, request: str, shape: type[Shape], allowance: Allowance) -> Shape:
        self._line.allowance = allowance
        return _Patience(allowance).ask(self._seat(name, shape), request, lambda answer: cast(Shape, answer))

    def rehearse(self) -> None:
        with self._line.prompted_by(_recite):
            self._line.allowance = Allowance(time.monotonic() + 60, Meter())
            self._seat("intent", ReadingAnswer).answer("rehearsal")
            self._seat("strategy", StrategyAnswer).answer("rehearsal")
            self._seat("reply", ReplyAnswer).answer("rehearsal")

    def _seat(self, name: str, shape: type[BaseModel]) -> Seat:
        if (name, shape) not in self._seats:
            self._seats[name, shape] = Seat(name, shape, self._line)
        return self._seats[name, shape]


@dataclass(slots=True)
class _Patience:
    """One second chance for the whole analysis, if there is time for it."""

    allowance: Allowance
    is_used_up: bool = False

    def ask(self, seat: Seat, request: str, check: Callable[[Any], Result]) -> Result:
        try:
            return check(seat.answer(request))
        except AnalystUnavailable as failure:
            second_request = self._second_request(seat, request, failure)
        return check(seat.answer(second_request))

    def _second_request(self, seat: Seat, request: str, failure: AnalystUnavailable) -> str:
        """What to ask now; raises the failure itself when asking again makes no sense."""
        pause = failure.retry_after or PAUSE_SECONDS
        if self.is_used_up or self.allowance.seconds_left < pause + ENOUGH_FOR_A_SECOND_CHANCE:
            raise failure
        self.is_used_up = True
        if failure.reason in BAD_ANSWER:
            return ask_again(seat.name, request, flaw=failure.detail, schema=json.dumps(schema_of(seat.shape)))
        if failure.reason not in _PASSING:
            raise failure
        time.sleep(pause)
        return request


class _ModelLine:
    """The telephone on a desk: all seats speak through it, within the allowance of the analysis under way."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.allowance = Allowance(0.0, Meter())

    def call(self, crew: str, messages: list[Any], shape: type[BaseModel]) -> BaseModel:
        return self._ask(Request(crew, messages, shape), self.allowance)

    @contextmanager
    def prompted_by(self, ask: Ask) -> Iterator[None]:
        usual, self._ask = self._ask, ask
        try:
            yield
        finally:
            self._ask = usual


def _without_asking(reading: Reading) -> Strategy:
    """What follows from the reading alone needs no second call."""
    if reading.opt_out:
        return Strategy(Action.STAY_SILENT, None, "the customer opted out", confidence=reading.confidence)
    reason = "the customer asked for a person"
    return Strategy(Action.HAND_OVER, None, reason, escalate=True, confidence=reading.confidence)


def _recite(request: Request, allowance: Allowance) -> BaseModel:
    return parse_answer(request.shape, BLANK[request.shape])


def _usage(meter: Meter, started: float, prompts: tuple[str, ...]) -> Usage:
    log = meter.calls()
    made = [call for call in log if call.outcome != CACHED]
    return Usage(
        calls=len(made),
        prompt_tokens=sum(call.prompt_tokens for call in made),
        completion_tokens=sum(call.completion_tokens for call in made),
        cached_tokens=sum(call.cached_tokens for call in made),
        seconds=time.monotonic() - started,
        prompts_version=prompts_version(*prompts),
        log=log,
    )
