"""The CrewAI analyst: an intent analyst and a strategy analyst, each an agent with its task and its crew.

The only module that imports crewai. Measured on version 1.15, and the reasons for what is replaced below:
its retries multiply, its own time limit fires only after the call has returned, a crew writes every task's output (the
customer's words) into a SQLite file, and its agent loop of tools and flows costs 20 ms of CPU for what is one call.
"""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

# Read by crewai when it is imported. The last one keeps its first run from collecting a trace.
os.environ.update(
    CREWAI_DISABLE_TELEMETRY="true",
    CREWAI_DISABLE_TRACKING="true",
    CREWAI_DISABLE_VERSION_CHECK="true",
    CREWAI_TRACING_ENABLED="false",
    CREWAI_TESTING="true",
)
if not os.access(Path("~").expanduser(), os.W_OK):
    # It makes its folders at import, and fails in a container whose home is read-only.
    os.environ["HOME"] = tempfile.mkdtemp(prefix="crewai-home-")

import queue
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as StillRunning
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from crewai import Agent, BaseLLM, Crew, Process, Task
from crewai.agents.agent_executor import AgentExecutor
from pydantic import PrivateAttr

from agents.reasoning.answers import (
    BLANK,
    Answer,
    ReadingAnswer,
    StrategyAnswer,
    parse_answer,
    schema_of,
    to_reading,
    to_strategy,
)
from agents.reasoning.chat import Allowance, ChatEndpoint, Meter
from agents.reasoning.ports import (
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
from agents.reasoning.prompting import ask_again, ask_for_reading, ask_for_strategy, prompt, prompts_version

GRACE_SECONDS = 0.25
"""Beyond the budget, for a call that drips: its bytes keep resetting the client's own time-out."""
MOST_AT_ONCE = 32
PAUSE_SECONDS = 0.2
ENOUGH_FOR_A_SECOND_CHANCE = 0.3
_BAD_ANSWER = frozenset({Failure.REFUSED, Failure.CUT_OFF, Failure.INVALID})
_PASSING = frozenset({Failure.UNREACHABLE, Failure.RATE_LIMITED})

Result = TypeVar("Result", Reading, Strategy)


class CrewAnalyst:
    """Safe to share between threads; each analysis has a desk of its own, and desks are used again."""

    def __init__(self, settings: ModelSettings) -> None:
        self._endpoint = ChatEndpoint(settings)
        self._desks: queue.LifoQueue[_Desk] = queue.LifoQueue()
        self._threads = ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="analyst")

    def analyse(self, question: Question, *, budget_seconds: float) -> Analysis:
        started = time.monotonic()
        allowance = Allowance(started + budget_seconds, Meter())
        work = self._threads.submit(self._work, question, allowance)
        try:
            reading, strategy = work.result(timeout=budget_seconds + GRACE_SECONDS)
        except StillRunning:
            work.cancel()
            raise _timed_out(allowance.meter, started) from None
        except AnalystUnavailable as unavailable:
            unavailable.usage = _usage(allowance.meter, started)
            raise
        except Exception as error:  # whatever goes wrong inside a third party's framework, customers are answered
            usage = _usage(allowance.meter, started)
            raise AnalystUnavailable(Failure.INVALID, type(error).__name__, usage=usage) from error
        return Analysis(reading, strategy, Tier.CREW, _usage(allowance.meter, started))

    def warm_up(self) -> None:
        """Builds the first desk and works at it without a model: crewai imports much of itself on first use."""
        with self._desk() as desk:
            desk.rehearse()

    def _work(self, question: Question, allowance: Allowance) -> tuple[Reading, Strategy]:
        with self._desk() as desk:
            return desk.work(question, allowance)

    @contextmanager
    def _desk(self) -> Iterator[_Desk]:
        try:
            desk = self._desks.get_nowait()
        except queue.Empty:
            desk = _Desk(self._endpoint)
        try:
            yield desk
        finally:
            self._desks.put(desk)


class _Desk:
    """The two analysts, for one analysis at a time."""

    def __init__(self, endpoint: ChatEndpoint) -> None:
        self._line = _ModelLine(endpoint.complete)
        self._intent = _Seat("intent", ReadingAnswer, self._line)
        self._strategy = _Seat("strategy", StrategyAnswer, self._line)

    def work(self, question: Question, allowance: Allowance) -> tuple[Reading, Strategy]:
        self._line.allowance = allowance
        patience = _Patience(allowance)
        reading = patience.ask(self._intent, ask_for_reading(question), lambda answer: to_reading(answer, question))
        if reading.opt_out or reading.wants_human:
            return reading, _without_asking(reading)
        request = ask_for_strategy(question, reading)
        return reading, patience.ask(self._strategy, request, lambda answer: to_strategy(answer, question))

    def rehearse(self) -> None:
        with self._line.prompted_by(_recite):
            self._line.allowance = Allowance(time.monotonic() + 60, Meter())
            self._intent.answer("rehearsal")
            self._strategy.answer("rehearsal")


class _Seat:
    """One agent, its one task and its crew, made once: a fresh crew costs more than twice a used one."""

    def __init__(self, name: str, shape: type[Answer], line: _ModelLine) -> None:
        text = prompt(name)
        self.name, self.shape = name, shape
        agent = Agent(
            role=text.role,
            goal=text.goal,
            backstory=text.backstory,
            llm=_LineModel(model="line", line=line),
            executor_class=_OneCallExecutor,
            max_retry_limit=0,
            allow_delegation=False,
            cache=False,
            verbose=False,
        )
        task = Task(
            description="{request}",
            expected_output=text.expected_output,
            agent=agent,
            response_model=shape,
            output_pydantic=shape,
        )
        self._crew = _ForgetfulCrew(
            agents=[agent],
            tasks=[task],
            process=Process.sequential,
            cache=False,
            memory=False,
            tracing=False,
            verbose=False,
        )

    def answer(self, request: str) -> Any:
        output: Any = self._crew.kickoff(inputs={"request": request})
        return output.pydantic


@dataclass(slots=True)
class _Patience:
    """One second chance for the whole analysis, if there is time for it."""

    allowance: Allowance
    is_used_up: bool = False

    def ask(self, seat: _Seat, request: str, check: Callable[[Any], Result]) -> Result:
        try:
            return check(seat.answer(request))
        except AnalystUnavailable as failure:
            second_request = self._second_request(seat, request, failure)
        return check(seat.answer(second_request))

    def _second_request(self, seat: _Seat, request: str, failure: AnalystUnavailable) -> str:
        """What to ask now; raises the failure itself when asking again makes no sense."""
        pause = failure.retry_after or PAUSE_SECONDS
        if self.is_used_up or self.allowance.seconds_left < pause + ENOUGH_FOR_A_SECOND_CHANCE:
            raise failure
        self.is_used_up = True
        if failure.reason in _BAD_ANSWER:
            return ask_again(seat.name, request, flaw=failure.detail, schema=json.dumps(schema_of(seat.shape)))
        if failure.reason not in _PASSING:
            raise failure
        time.sleep(pause)
        return request


class _ModelLine:
    """The telephone on a desk: both analysts speak through it, within the allowance of the analysis under way."""

    def __init__(self, complete: Callable[[list[Any], type[Answer], Allowance], str]) -> None:
        self._complete = complete
        self.allowance = Allowance(0.0, Meter())

    def call(self, messages: list[Any], shape: type[Answer]) -> Answer:
        return parse_answer(shape, self._complete(messages, shape, self.allowance))

    @contextmanager
    def prompted_by(self, complete: Callable[[list[Any], type[Answer], Allowance], str]) -> Iterator[None]:
        usual, self._complete = self._complete, complete
        try:
            yield
        finally:
            self._complete = usual


class _LineModel(BaseLLM):
    """CrewAI's model, so that one call is one request: its own sends a refused request a second time."""

    line: Any

    def call(self, messages: Any, *args: Any, response_model: Any = None, **kwargs: Any) -> Any:
        return self.line.call(messages, response_model)

    # CrewAI wraps call() in a retry of its own for whatever looks like throttling, unless it is told it has been.
    call._crewai_rate_limit_wrapped = True  # type: ignore[attr-defined]

    def supports_function_calling(self) -> bool:
        return True


class _OneCallExecutor(AgentExecutor):
    """No tools, no steps: the task's prompt goes out, the answer comes back."""

    def invoke(self, inputs: dict[str, Any]) -> dict[str, Any]:
        parts: Any = self.prompt
        model: Any = self.llm
        messages = [
            {"role": "system", "content": parts["system"]},
            {"role": "user", "content": parts["user"].replace("{input}", inputs["input"])},
        ]
        return {"output": model.call(messages, response_model=self.response_model)}


class _Nowhere:
    """Where the outputs of tasks are kept."""

    def update(self, task_index: int, log: dict[str, Any]) -> None: ...

    def reset(self) -> None: ...

    def load(self) -> None: ...


class _ForgetfulCrew(Crew):
    _task_output_handler: Any = PrivateAttr(default_factory=_Nowhere)


def _without_asking(reading: Reading) -> Strategy:
    """What follows from the reading alone needs no second call."""
    if reading.opt_out:
        return Strategy(Action.STAY_SILENT, None, "the customer opted out", confidence=reading.confidence)
    reason = "the customer asked for a person"
    return Strategy(Action.HAND_OVER, None, reason, escalate=True, confidence=reading.confidence)


def _recite(messages: list[Any], shape: type[Answer], allowance: Allowance) -> str:
    return BLANK[shape]


def _usage(meter: Meter, started: float) -> Usage:
    return Usage(
        calls=meter.calls,
        prompt_tokens=meter.prompt_tokens,
        completion_tokens=meter.completion_tokens,
        seconds=time.monotonic() - started,
        prompts_version=prompts_version(),
    )


def _timed_out(meter: Meter, started: float) -> AnalystUnavailable:
    return AnalystUnavailable(Failure.TIMEOUT, "the budget is used up", usage=_usage(meter, started))
